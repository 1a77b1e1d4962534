// node shots.mjs URL LINK FOLDER: every page of the tenant demo in light, dark and narrow, to look at.
import { mkdirSync } from 'node:fs';
import { launch, Visitor } from './support.mjs';

const [url, link, folder] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const browser = await launch();
const visitor = await Visitor.come(browser, url);
await visitor.open('/setup');
await visitor.page.screenshot({ path: `${folder}/setup.png` });
await visitor.signIn(link);
const api = async (path) => (await visitor.context.request.get(`${url}/api/v1/tenants/demo/${path}`)).json();
const drift = (await api('drifts')).items[0].id;
const session = (await api('sessions?limit=5')).items[0];
const report = (await api('repo?repo=rxjs')).series[0].report_id;
const pages = {
  overview: 'overview',
  repos: 'repos',
  repo: 'repo?repo=rxjs',
  report: `reports/${report}`,
  sessions: 'sessions',
  session: `sessions/${session.session_id}?agent=${session.agent}`,
  drifts: 'drifts',
  drift: `drifts/${drift}`,
  pipeline: 'pipeline',
  agents: 'agents',
  members: 'settings/members',
  teams: 'settings/teams',
  keys: 'settings/keys',
  routes: 'settings/routes',
  retention: 'settings/retention',
  audit: 'settings/audit',
};
for (const [name, path] of Object.entries(pages)) {
  for (const [mode, scheme, width] of [
    ['light', 'light', 1280],
    ['dark', 'dark', 1280],
    ['narrow', 'light', 390],
  ]) {
    await visitor.page.emulateMedia({ colorScheme: scheme });
    await visitor.page.setViewportSize({ width, height: 800 });
    await visitor.open(`/t/demo/${path}`);
    await visitor.page.getByRole('heading', { level: 1 }).waitFor();
    await visitor.page.waitForFunction(() => !document.querySelector('.loading'));
    await visitor.page.screenshot({ path: `${folder}/${name}-${mode}.png` });
  }
}
console.log(visitor.sins);
await browser.close();
