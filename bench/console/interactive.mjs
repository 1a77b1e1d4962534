// node interactive.mjs TESTS_BROWSER URL LINK ROUNDS: milliseconds from an address to an overview that can be used, each time with an empty
// cache, and the bytes that come for it. One JSON object.
import { createRequire } from 'node:module';

const [tests, url, link, rounds] = process.argv.slice(2);
const { chromium } = createRequire(`${tests}/package.json`)('playwright-core');
const browser = await chromium.launch({
  executablePath: process.env.PLUMBLINE_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'],
});
const first = await browser.newContext();
const page = await first.newPage();
await page.goto(link.replace(/^https?:\/\/[^/]+/, url));
await page.getByRole('button', { name: 'Continue' }).click();
await page.locator('.health-score').waitFor({ timeout: 120_000 });
const cookies = await first.cookies();
await first.close();
const samples = [];
let bytes = 0;
for (let round = 0; round < Number(rounds); round++) {
  const context = await browser.newContext();
  await context.addCookies(cookies);
  const visit = await context.newPage();
  const network = await context.newCDPSession(visit);
  await network.send('Network.enable');
  const asked = new Map();
  let came = 0;
  network.on('Network.requestWillBeSent', (event) => asked.set(event.requestId, event.request.url));
  network.on('Network.loadingFinished', (event) => {
    if (!/\/api\/|\/auth\//.test(asked.get(event.requestId) ?? '/api/')) came += event.encodedDataLength;
  });
  const begun = performance.now();
  await visit.goto(`${url}/t/big/overview`, { waitUntil: 'commit' });
  await visit.locator('.health-score').waitFor({ timeout: 60_000 });
  await visit.waitForFunction(() => !document.querySelector('.loading'));
  samples.push(performance.now() - begun);
  bytes = Math.max(bytes, came);
  await context.close();
}
await browser.close();
samples.sort((a, b) => a - b);
console.log(JSON.stringify({ interactive_ms: Math.round(samples[Math.floor(samples.length / 2)]), interactive_samples_ms: samples.map(Math.round), page_bytes: bytes }));
