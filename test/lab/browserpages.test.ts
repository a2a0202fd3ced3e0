// The pages as a person uses them: a real browser, the real daemon, held connections, and a terminal beside it.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { PagesLink, PromptView, RuleView } from '#model/api.ts';
import { Lab, type Postern } from './lab.ts';
import { world } from './namespaces.ts';
import { Resolver } from './resolver.ts';

const url = `http://${world.v4}/`;
const site = '198.51.100.7';

describe('the pages in a browser', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let browser: Browser;
  let page: Page;
  let said: string[];

  before(async () => {
    lab = await Lab.create();
    await new Resolver(lab).start([`host-record=www.example.com,${site},300`]);
    postern = await lab.postern({ args: ['--pages', '127.0.0.1:0', '--hold', '120'] });
    const inside = join(lab.folder, 'browser');
    const enter = `nsenter --net=/run/netns/${lab.names.host}`;
    writeFileSync(inside, `#!/bin/sh\nexec ${enter} /usr/lib/chromium/chromium "$@"\n`, { mode: 0o755 });
    browser = await chromium.launch({ executablePath: inside, args: ['--no-sandbox', '--disable-quic'] });
  });
  beforeEach(async () => {
    page = await signedIn();
    said = [];
    page.on('pageerror', (error) => said.push(error.message));
  });
  after(async () => {
    await browser?.close();
    await postern?.stop();
    await lab?.close();
  });

  /** A window of its own, with a session of its own. */
  async function signedIn(): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
    context.setDefaultTimeout(60_000);
    const made = await context.newPage();
    await made.goto((await postern.json<PagesLink>(['ui'])).url);
    await made.getByText(/^Live/).waitFor();
    return made;
  }

  const cards = (of: Page) => of.getByRole('article');
  const toAsk = async (of: Page) => {
    await of.getByRole('link', { name: /^Ask/ }).click();
    await of.getByRole('heading', { level: 1, name: /^Ask/ }).waitFor();
  };
  const gone = async (of: Page) =>
    await postern.until(async () => (await cards(of).count()) === 0, 'that no question is open');

  test('a held connection is allowed from the page, and goes on', async () => {
    await toAsk(page);
    const held = lab.curl('http://www.example.com/', { maxSeconds: 110 });
    const card = cards(page).first();
    await card.getByText('www.example.com').first().waitFor();
    await card.getByRole('button', { name: 'Allow' }).click();
    assert.equal((await held).code, 0);
    await gone(page);
    assert.deepEqual(said, []);
  });

  test('a refused one fails at once, and makes no rule', async () => {
    await toAsk(page);
    const rules = (await postern.json<RuleView[]>(['rules'])).length;
    const held = lab.curl(url, { maxSeconds: 110 });
    await cards(page).first().getByRole('button', { name: 'Refuse' }).click();
    const clicked = performance.now();
    assert.equal((await held).code, 7);
    assert.ok(performance.now() - clicked < 30_000, 'long before its time was over');
    assert.equal((await postern.json<RuleView[]>(['rules'])).length, rules);
  });

  test('an answer for always is a rule that is shown, and undo takes it back', async () => {
    await toAsk(page);
    const held = lab.curl(url, { maxSeconds: 110 });
    const card = cards(page).first();
    await card.getByRole('radio', { name: 'always' }).check();
    await card.getByRole('button', { name: 'Allow' }).click();
    assert.equal((await held).code, 0);
    assert.equal((await lab.curl(url)).code, 0, 'the next is not asked about');
    const answers = async () => (await postern.json<RuleView[]>(['rules'])).filter(({ origin }) => origin === 'answer');
    assert.equal((await answers()).length, 1);
    await page.getByRole('link', { name: 'Rules' }).click();
    await page
      .getByText(/allow \/usr\/bin\/curl .*192\.0\.2\.2 on port 80\/tcp/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Undo the last change' }).click();
    await postern.until(async () => (await answers()).length === 0, 'that the rule is gone');
  });

  test('two windows and a terminal show one question, and one answer closes it everywhere', async () => {
    const other = await signedIn();
    for (const window of [page, other]) await toAsk(window);
    const held = lab.curl(url, { maxSeconds: 110 });
    for (const window of [page, other]) await cards(window).first().waitFor();
    const [prompt] = await postern.json<PromptView[]>(['prompts']);
    assert.equal((await postern.cli(['answer', prompt?.id ?? '', 'reject'])).code, 0);
    assert.equal((await held).code, 7);
    for (const window of [page, other]) await gone(window);
    await other.context().close();
  });

  test('what happened is in History, and says why', async () => {
    await page.getByRole('link', { name: 'History' }).click();
    const box = page.getByRole('combobox', { name: 'Which connections' });
    await box.fill('app:curl own:no');
    await box.press('Enter');
    await page.getByText('192.0.2.2:80/tcp').first().waitFor();
    // The browser's own connections, and Postern's ends of them, are there when they are asked for.
    await box.fill('own:yes');
    await box.press('Enter');
    await page.getByText('127.0.0.1:', { exact: false }).first().waitFor();
    await box.fill(`-own:yes port:${new URL(page.url()).port}`);
    await box.press('Enter');
    await page.getByText('No connection is as you ask.').waitFor();
  });

  test('the gate is killed: the page stays, and goes on', async () => {
    postern.kill9('gate');
    await toAsk(page);
    const held = lab.curl(url, { maxSeconds: 110 });
    await cards(page).first().waitFor();
    // The opening that waited while the gate was away is to have come once more.
    const packets = async () => (await postern.json<PromptView[]>(['prompts']))[0]?.packets ?? 0;
    await postern.until(async () => (await packets()) > 1, 'the opening again');
    await cards(page).first().getByRole('button', { name: 'Refuse' }).click();
    assert.equal((await held).code, 7);
    assert.deepEqual(said, []);
  });
});
