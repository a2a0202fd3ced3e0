// Names that would be code in a page, or commands to a terminal: of a program's path, its arguments, a rule's note and a name server's answer.
// They are text everywhere.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { PagesLink, PromptView } from '#model/api.ts';
import { Lab, type Postern } from './lab.ts';
import { world } from './namespaces.ts';
import { Resolver } from './resolver.ts';

const site = '198.51.100.7';
const markup = '<img src=x onerror=alert(1)>';
/** Sets the title of a terminal, colours it, and turns text around. */
const escapes = '\u001b]0;owned\u0007\u001b[31m\u202e';
const program = `${markup}${escapes}`;
const argument = `<script>alert(2)</script>${escapes}`;
const note = '<b onmouseover=alert(3)>note</b>';
/** What no terminal may be sent: control characters but ends of lines and tabs, and those that turn text around. */
const wild = /(?![\n\t])[\p{Cc}\p{Cf}]/u;

describe('hostile words', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let browser: Browser;
  let page: Page;
  let path: string;
  const said: string[] = [];

  before(async () => {
    lab = await Lab.create();
    await new Resolver(lab).start([
      `host-record=xn--<i>.hostile.com,${site},300`,
      `host-record=a.hostile.com,${site},300`,
    ]);
    postern = await lab.postern({
      args: ['--pages', '127.0.0.1:0', '--hold', '120'],
      rules: {
        '10.yaml': `rules:\n  - { name: noted, action: reject, app: "**/programs/*", to: 8.8.8.8, note: "${note}" }\n`,
      },
    });
    const folder = join(lab.folder, 'programs');
    mkdirSync(folder, { mode: 0o755 });
    path = join(folder, program.replaceAll('/', ''));
    copyFileSync('/usr/bin/curl', path);
    const inside = join(lab.folder, 'browser');
    const enter = `nsenter --net=/run/netns/${lab.names.host}`;
    writeFileSync(inside, `#!/bin/sh\nexec ${enter} /usr/lib/chromium/chromium "$@"\n`, { mode: 0o755 });
    browser = await chromium.launch({ executablePath: inside, args: ['--no-sandbox', '--disable-quic'] });
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
    context.setDefaultTimeout(60_000);
    page = await context.newPage();
    page.on('dialog', (dialog) => {
      said.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('pageerror', (error) => said.push(error.message));
    page.on('console', (message) => message.type() === 'error' && said.push(message.text()));
    await page.goto((await postern.json<PagesLink>(['ui'])).url);
    await page.getByText(/^Live/).waitFor();
  });
  after(async () => {
    await browser?.close();
    await postern?.stop();
    await lab?.close();
  });

  const run = (url: string) =>
    lab.run([path, '-s', '-o', '/dev/null', '-m', '110', '-A', argument, url], { timeoutMs: 150_000 });
  const isText = async (where: string) => {
    await page.getByText(markup, { exact: false }).first().waitFor();
    assert.equal(await page.locator('img[src="x"], main script, b[onmouseover]').count(), 0, where);
    assert.doesNotMatch((await page.locator('body').textContent()) ?? '', wild, where);
    assert.deepEqual(said, [], where);
  };

  test('a question shows them as text, in the page and in the terminal', async () => {
    await page.getByRole('link', { name: /^Ask/ }).click();
    const held = run('http://a.hostile.com/');
    await page.getByRole('article').first().waitFor();
    await isText('Ask');
    for (const line of [['prompts'], ['top', '--once']]) {
      const shown = await postern.cli(line);
      assert.equal(shown.code, 0, shown.stderr);
      assert.doesNotMatch(shown.stdout, wild, line.join(' '));
      assert.ok(shown.stdout.includes('<img src=x'), `${line.join(' ')}: ${shown.stdout}`);
    }
    const [prompt] = await postern.json<PromptView[]>(['prompts']);
    assert.ok(prompt?.attempt.process?.args?.includes(argument));
    await page.getByRole('article').first().getByRole('button', { name: 'Allow' }).click();
    assert.equal((await held).code, 0);
  });

  test('so do Now, History, Refused, Apps, Rules, and why it happened', async () => {
    await run('http://8.8.8.8/');
    await postern.until(async () => (await postern.cli(['log'])).stdout.includes('8.8.8.8'), 'the refusal in the log');
    for (const name of ['Now', 'Refused', 'History', 'Apps']) {
      await page.getByRole('link', { name, exact: true }).click();
      await page.getByRole('heading', { level: 1, name }).waitFor();
      await isText(name);
    }
    await page
      .getByRole('link', { name: /<img src=x/ })
      .first()
      .click();
    await page.getByRole('heading', { name: 'What it is' }).waitFor();
    await isText('one app');
    await page.getByRole('link', { name: 'Rules', exact: true }).click();
    await page.locator('button[data-row="noted"]').click();
    await page.getByText(note).first().waitFor();
    assert.equal(await page.locator('b[onmouseover]').count(), 0);
    assert.deepEqual(said, []);
  });

  test('and every command that shows them', async () => {
    const lines = [['log'], ['apps'], ['names'], ['rules'], ['rule', 'show', 'noted'], ['status'], ['history']];
    for (const line of [...lines, ['explain', '--app', path, '--to', `${world.v4}:80`]]) {
      const shown = await postern.cli(line);
      assert.doesNotMatch(shown.stdout + shown.stderr, wild, line.join(' '));
    }
    assert.ok((await postern.cli(['log'])).stdout.includes('<img src=x'));
    assert.ok((await postern.cli(['rule', 'show', 'noted'])).stdout.includes(note));
    assert.doesNotMatch(postern.output, wild, 'what postern up prints');
  });
});
