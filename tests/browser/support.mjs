// One Chromium for a run, and pages that note whatever they must not do: ask another host, break the policy, throw.
import { createRequire } from 'node:module';
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
export const PATIENCE_MS = 30_000;

export async function launch() {
  return chromium.launch({
    executablePath: process.env.PLUMBLINE_CHROMIUM ?? '/usr/bin/chromium',
    // Without its own sandbox where it runs as root; no services of its own that would call out.
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'],
  });
}

/** A person with a browser of their own. `sins` stays empty as long as the console behaves. */
export class Visitor {
  static async come(browser, url, options = {}) {
    const visitor = new Visitor();
    visitor.url = url;
    visitor.sins = [];
    visitor.context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    visitor.context.setDefaultTimeout(PATIENCE_MS);
    visitor.page = await visitor.context.newPage();
    const own = new URL(url).host;
    visitor.context.on('request', (request) => {
      const asked = new URL(request.url());
      if (asked.host !== own && asked.protocol !== 'blob:') visitor.sins.push(`asked ${asked.href}`);
    });
    visitor.page.on('pageerror', (error) => visitor.sins.push(`threw ${error.stack}`));
    visitor.page.on('console', (message) => {
      const refused = /Failed to load resource: the server responded with a status of 40[13]/.test(message.text());
      if (message.type() === 'error' && !refused) visitor.sins.push(`console: ${message.text()}`);
    });
    return visitor;
  }

  /** Opens a one-time link and leaves with the overview on screen. */
  async signIn(link) {
    await this.page.goto(link.replace(/^https?:\/\/[^/]+/, this.url));
    await this.page.getByRole('button', { name: 'Continue' }).click();
    await this.heading('Overview');
  }

  async open(path) {
    await this.page.goto(this.url + path);
  }

  /** Waits for a page by its heading and until nothing is loading in it. */
  async heading(name) {
    await this.page.getByRole('heading', { level: 1, name }).waitFor();
    await this.page.waitForFunction(() => !document.querySelector('.loading'));
  }

  text(text) {
    return this.page.getByText(text).first().waitFor();
  }

  /** No serious or critical violation of WCAG 2.1 A and AA that axe finds. */
  async accessible(what) {
    await this.page.addScriptTag({ path: AXE }).catch(() => undefined);
    if (!(await this.page.evaluate(() => 'axe' in window))) {
      // The policy of the page refuses the tag, as it should: through the debugger it may.
      const { readFileSync } = await import('node:fs');
      await this.page.evaluate(readFileSync(AXE, 'utf8'));
      this.sins = this.sins.filter((sin) => !/Content Security Policy/.test(sin));
    }
    const found = await this.page.evaluate(() =>
      window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }),
    );
    const serious = found.violations.filter((one) => ['serious', 'critical'].includes(one.impact));
    const words = serious.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.html} ${node.failureSummary}`).join('\n')}`);
    assert.equal(words.join('\n'), '', `accessibility of ${what}`);
  }

  async leave() {
    await this.context.close();
    assert.deepEqual(this.sins, [], 'foreign hosts, policy violations or errors');
  }
}
