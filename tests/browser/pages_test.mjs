// The console as people use it, against an installation with the real sample (run.py starts it and sets PLUMBLINE_BROWSER).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, PATIENCE_MS, Visitor } from './support.mjs';

const { url, admin, viewer, issuer } = JSON.parse(process.env.PLUMBLINE_BROWSER);
const tag = Date.now().toString(36); // so that a second run against one installation finds no names taken
let browser, ann, page;

before(async () => {
  browser = await launch();
  ann = await Visitor.come(browser, url);
  page = ann.page;
});
after(async () => {
  await browser?.close();
});

test('a deep link asks to sign in, and the one-time link leads to the overview', async () => {
  await ann.open('/t/demo/drifts?state=resolved');
  await ann.heading('Sign in');
  assert.equal(new URL(page.url()).searchParams.get('return_to'), '/t/demo/drifts?state=resolved');
  await ann.accessible('sign-in');
  await ann.signIn(admin);
  assert.ok(!page.url().includes('#'), 'the token has left the address');
});

test('overview: health, its parts, what needs a look', async () => {
  const score = Number(await page.locator('.health-score').innerText());
  assert.ok(score > 0 && score <= 100, `health ${score}`);
  const points = await page.locator('.parts tbody td:nth-child(2)').allInnerTexts();
  assert.equal(points.length, 4);
  const sum = points.reduce((all, text) => all + Number.parseFloat(text), 0);
  assert.ok(Math.abs(sum - score) < 0.3, `the parts ${points} add up to ${score}`);
  await page.getByRole('img', { name: /^Health over \d+ days/ }).waitFor();
  await page.getByRole('link', { name: 'rxjs-strict' }).waitFor();
  await ann.text('live');
  await ann.accessible('overview');
});

test('drift: from the feed to the violating file, and back', async () => {
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Drift' }).click();
  await ann.heading('Drift');
  const links = page.locator('.row-link');
  await links.first().waitFor();
  assert.equal(await links.count(), 2);
  await ann.accessible('drifts');
  await links.first().click();
  await ann.heading(/rxjs/);
  await page.getByRole('region', { name: 'New violations' }).getByText('src/internal/util/noop.ts').waitFor();
  await page.getByText('ARCH_BOUNDARY').waitFor();
  for (const text of ['7.6.0', '7.8.0', '7.8.1', 'drift.opened', 'drift.resolved']) await ann.text(text);
  assert.match(await page.title(), /Drift of rxjs/);
  await ann.accessible('drift');
  await page.goBack();
  await ann.heading('Drift');
  assert.match(page.url(), /\/t\/demo\/drifts$/);
});

test('repository: score over time, gates, a report with its violations', async () => {
  await ann.open('/t/demo/repo?repo=rxjs');
  await ann.heading('rxjs');
  await page.getByRole('img', { name: /^Score of 10 reports, 3 failed/ }).waitFor();
  await page.getByRole('region', { name: 'Gates' }).getByText('Ast analysis').waitFor();
  assert.equal(await page.getByRole('region', { name: 'Reports' }).last().locator('tbody tr').count(), 10);
  await ann.accessible('repo');
  const failed = page.locator('tr', { has: page.getByText('7.3.0', { exact: true }) });
  await failed.getByRole('link').click();
  await ann.heading('Report 7.3.0');
  await page.getByText(/noop\.ts/).first().waitFor();
  await ann.accessible('report');
});

test('sessions: the keyboard leads to a timeline', async () => {
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Sessions' }).click();
  await ann.heading('Sessions');
  await page.locator('.row-link').first().waitFor();
  await ann.accessible('sessions');
  await page.getByRole('rowgroup', { name: /Sessions/ }).focus();
  await page.keyboard.press('ArrowDown');
  await page.waitForFunction(() => document.activeElement?.classList.contains('row-link'));
  await page.keyboard.press('End');
  await page.waitForFunction(() => document.activeElement?.closest('[aria-rowindex="25"]'), null, { timeout: PATIENCE_MS });
  const name = (await page.evaluate(() => document.activeElement.textContent)).trim();
  await page.keyboard.press('Enter');
  await ann.heading(`Session ${name}`);
  await page.locator('.event').first().waitFor();
  // The verdict is worked out beside where it takes long.
  for (let n = 0; n < 20 && (await page.getByText('Chain intact').count()) === 0; n++) {
    await page.reload();
    await ann.heading(`Session ${name}`);
    await page.locator('.event').first().waitFor();
  }
  await ann.text('Chain intact');
  const shown = await page.locator('.event').count();
  const escalated = page.getByRole('button', { name: /^Escalations/ });
  await escalated.click();
  assert.ok((await page.locator('.event').count()) < shown);
  assert.equal(await page.locator('.event:not(.escalated)').count(), 0);
  await page.locator('.event button').first().click();
  await page.locator('.event-data').getByText('prompt_id').waitFor();
  await ann.accessible('session');
});

test('the skip link is the first stop and leads to the content', async () => {
  await ann.open('/t/demo/pipeline');
  await ann.heading('Pipeline');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
});

test('pipeline and agents', async () => {
  await ann.text('balanced: every trace has one outcome');
  for (const consumer of ['persist', 'health', 'drift', 'notify']) await ann.text(consumer);
  await ann.accessible('pipeline');
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Agents' }).click();
  await ann.heading('Agents');
  for (const agent of ['agent-0', 'agent-1', 'agent-2']) await ann.text(agent);
  await ann.accessible('agents');
});

test('settings: a key is made and shown once, rotated with an overlap, disabled; all of it is audited', async () => {
  await page.getByRole('link', { name: 'Keys' }).click();
  await ann.heading('Keys');
  await page.getByRole('button', { name: 'New key' }).click();
  await ann.accessible('new key');
  await page.getByRole('button', { name: 'Make it' }).click();
  const secret = page.getByLabel(/^Secret/);
  await secret.waitFor();
  assert.match(await secret.inputValue(), /^whsec_/);
  const id = await page.getByLabel(/^Key id/).inputValue();
  await page.getByRole('button', { name: 'I have it' }).click();
  await page.getByRole('button', { name: `Rotate ${id}` }).click();
  await page.getByRole('button', { name: 'Rotate', exact: true }).click();
  await page.getByRole('button', { name: 'I have it' }).click();
  const old = page.locator('tr', { hasText: id });
  await old.getByText('Retiring').waitFor();
  await page.getByRole('button', { name: `Disable ${id}` }).click();
  await page.getByRole('button', { name: 'Disable', exact: true }).click();
  await old.getByText('Revoked').waitFor();
  await ann.accessible('keys');
  await page.getByRole('link', { name: 'Audit log' }).click();
  await ann.heading('Audit log');
  await page.getByText(/chain of \d+ entries is whole/).waitFor();
  await page.getByText('key.rotate').first().waitFor();
  await ann.accessible('audit');
});

test('settings: an invitation, a team, a route', async () => {
  await page.getByRole('link', { name: 'Members' }).click();
  await ann.heading('Members');
  await page.getByRole('button', { name: 'Invite' }).click();
  await page.getByLabel('Mail address').fill(`eve-${tag}@example.com`);
  await page.getByRole('button', { name: 'Invite' }).last().click();
  assert.match(await page.getByLabel('Link').inputValue(), /\/setup#/);
  await page.getByRole('button', { name: 'I have it' }).click();
  await page.locator('tr', { hasText: `eve-${tag}@example.com` }).waitFor();
  await ann.accessible('members');

  await page.getByRole('link', { name: 'Teams' }).click();
  await ann.heading('Teams');
  await page.getByRole('button', { name: 'New team' }).click();
  await page.getByLabel('Name').fill(`Core ${tag}`);
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.getByRole('heading', { name: `Core ${tag}` }).waitFor();
  await ann.accessible('teams');

  await page.getByRole('link', { name: 'Routes' }).click();
  await ann.heading('Routes');
  await page.getByRole('button', { name: 'New route' }).click();
  await page.getByLabel('Name').first().fill(`alerts-${tag}`);
  await page.getByLabel('By').selectOption('email');
  await page.getByLabel('Mail address').fill(`alerts-${tag}@example.com`);
  await ann.accessible('new route');
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.locator('tr', { hasText: `alerts-${tag}@example.com` }).waitFor();
  await ann.accessible('routes');

  await page.getByRole('link', { name: 'Retention' }).click();
  await ann.heading('Retention and redaction');
  await ann.text('3,660 days');
  await ann.accessible('retention');
});

test('every page in the dark, wide and narrow: readable, nothing cut off', async () => {
  const api = async (path) => (await ann.context.request.get(`${url}/api/v1/tenants/demo/${path}`)).json();
  const session = (await api('sessions?limit=5')).items[0];
  const paths = [
    'overview', 'repos', 'repo?repo=rxjs', `reports/${(await api('repo?repo=rxjs')).series[0].report_id}`,
    'sessions', `sessions/${session.session_id}?agent=${session.agent}`, 'drifts', `drifts/${(await api('drifts')).items[0].id}`,
    'pipeline', 'agents', 'settings/members', 'settings/teams', 'settings/keys', 'settings/routes', 'settings/retention', 'settings/audit',
  ];
  await page.getByRole('button', { name: 'Theme: system' }).click();
  await page.getByRole('button', { name: 'Theme: light' }).click();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  for (const path of paths) {
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 800 });
      await ann.open(`/t/demo/${path}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.waitForFunction(() => !document.querySelector('.loading'));
      assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
      await ann.accessible(`${path}, dark, ${width} wide`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${path} is ${wide} px too wide`);
      const cut = await page.evaluate(() => [...document.querySelectorAll('.vtable-head .cell, .stack tr > *')].filter((cell) => {
        const around = cell.closest('.vtable, .scroll-x').getBoundingClientRect(), at = cell.getBoundingClientRect();
        return at.width > 1 && at.right > around.right + 1;
      }).map((cell) => cell.textContent));
      // The ten columns of a repository's reports are the one table that may scroll by itself, and only where it is wide.
      if (width < 640 || !path.startsWith('repo?')) assert.deepEqual(cut, [], `${path}, ${width} wide`);
    }
  }
  await page.setViewportSize({ width: 1280, height: 800 });
});

test('an address that leads nowhere says so', async () => {
  await ann.open('/t/demo/drifts/00000000-0000-4000-8000-000000000000');
  await page.getByRole('alert').waitFor();
  await ann.open('/t/nobody/overview');
  await ann.heading('There is no such organization');
  await ann.open('/t/demo/settings/nothing');
  await ann.heading('There is no such page');
  ann.sins = ann.sins.filter((sin) => !/status of 404/.test(sin));
});

test('a list of 100,000 rows holds few of them at a time', async () => {
  const one = (await (await ann.context.request.get(`${url}/api/v1/tenants/demo/drifts`)).json()).items[0];
  const rows = 100_000, each = 10_000;
  const made = (n) => ({ ...one, id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`, cause: `drift number ${n}` });
  await page.route(/\/api\/v1\/tenants\/demo\/drifts(\?|$)/, (route) => {
    const from = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0);
    const items = Array.from({ length: each }, (_, n) => made(from + n));
    return route.fulfill({ json: { items, next_cursor: from + each < rows ? String(from + each) : null } });
  });
  await ann.open('/t/demo/drifts');
  await ann.heading('Drift');
  const list = page.getByRole('rowgroup', { name: /Drifts/ });
  await ann.text('drift number 0');
  const held = () => page.evaluate(() => document.querySelectorAll('[aria-rowindex]').length);
  let most = await held();
  await list.focus();
  // The end of what is there so far; being there brings the next rows.
  const end = Date.now() + 4 * PATIENCE_MS;
  for (let at = 0; at < rows + 1; ) {
    assert.ok(Date.now() < end, `still at row ${at}`);
    await page.keyboard.press('End');
    at = await page.evaluate(() => new Promise((done) => requestAnimationFrame(() =>
      done(Number(document.activeElement?.closest('[aria-rowindex]')?.getAttribute('aria-rowindex') ?? 0)))));
    most = Math.max(most, await held());
  }
  await ann.text(`drift number ${rows - 1}`);
  for (const share of [0.2, 0.9, 0.5, 0]) {
    await list.evaluate((node, to) => node.scrollTo(0, node.scrollHeight * to), share);
    await page.waitForFunction(() => document.querySelectorAll('.row-link').length > 5);
    most = Math.max(most, await held());
  }
  assert.ok(most < 100, `${most} rows in the document`);
  await page.unroute(/\/api\/v1\/tenants\/demo\/drifts(\?|$)/);
});

test('a server that fails is said, with a way to try again', async () => {
  await page.route('**/api/v1/tenants/demo/agents*', (route) => route.fulfill({ status: 503, contentType: 'application/problem+json',
    body: JSON.stringify({ type: 'about:blank', title: 'The database can\'t answer now', status: 503, detail: 'Try again in a few seconds.' }) }));
  await ann.open('/t/demo/agents');
  await page.getByRole('alert').getByText('Try again in a few seconds.').waitFor();
  await ann.accessible('an error');
  await page.unroute('**/api/v1/tenants/demo/agents*');
  await page.getByRole('button', { name: /again/i }).first().click();
  await ann.text('agent-0');
  ann.sins = ann.sins.filter((sin) => !/status of 503/.test(sin));
});

test('sign-in through an OpenID Connect issuer, by invitation', async () => {
  const mia = await Visitor.come(browser, url);
  await mia.open('/sign-in?return_to=/t/demo/drifts');
  await mia.page.getByRole('link', { name: /^Continue with / }).click();
  await mia.page.waitForURL(/error=not_invited/);
  await mia.accessible('a refused sign-in');
  const me = await (await ann.context.request.get(`${url}/api/v1/me`)).json();
  const invited = await ann.context.request.post(`${url}/api/v1/tenants/demo/members/invitations`,
    { data: { email: 'mia@example.com', role: 'viewer' }, headers: { 'X-Plumbline-CSRF': me.csrf } });
  assert.equal(invited.status(), 201);
  await mia.open('/sign-in?return_to=/t/demo/drifts');
  await mia.page.getByRole('link', { name: /^Continue with / }).click();
  await mia.heading('Drift');
  assert.match(mia.page.url(), /\/t\/demo\/drifts$/);
  const who = await (await mia.context.request.get(`${url}/api/v1/me`)).json();
  assert.deepEqual([who.user.email, who.memberships[0].role], ['mia@example.com', 'viewer']);
  // The issuer is the one other host, and only while signing in.
  mia.sins = mia.sins.filter((sin) => !sin.startsWith(`asked ${issuer}/`));
  await mia.leave();
});

test('an expired session is renewed unseen; signed out, the page asks to sign in', async () => {
  const cookies = await ann.context.cookies();
  const access = cookies.find((cookie) => cookie.name.endsWith('plumbline_session'));
  await ann.context.clearCookies({ name: access.name });
  // The page asks for several things at once: one renewal serves them all.
  let renewals = 0;
  const count = (request) => (renewals += request.url().endsWith('/auth/refresh') ? 1 : 0);
  page.on('request', count);
  await ann.open('/t/demo/overview');
  await ann.heading('Overview');
  page.off('request', count);
  assert.equal(renewals, 1);
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await ann.heading('Sign in');
  await ann.open('/t/demo/overview');
  await ann.heading('Sign in');
});

test('a viewer sees no control that they may not use', async () => {
  const vic = await Visitor.come(browser, url);
  await vic.signIn(viewer);
  for (const [path, heading] of [
    ['settings/members', 'Members'],
    ['settings/routes', 'Routes'],
    ['settings/keys', 'Keys'],
  ]) {
    const link = vic.page.getByRole('link', { name: heading, exact: true });
    if ((await link.count()) === 0) continue;
    await link.click();
    await vic.heading(heading);
    const controls = vic.page.locator('main').getByRole('button', { name: /^(Invite|New|Rotate|Disable|Delete|Send|Remove|Role)/ });
    assert.equal(await controls.count(), 0, path);
  }
  await vic.leave();
});

test('no foreign host, no violation of the policy, no error in all of this', async () => {
  await ann.leave();
});
