// The History page in a browser: asked, completed, narrowed by clicks, grouped, compared, kept and taken away as files.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { complaints } from './complaints.ts';
import { type Fake, startFake } from './fake.ts';

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(50)) if (await holds()) return;
  assert.fail(`not in a minute: ${what}`);
}

describe('the History page', { concurrency: false }, () => {
  let browser: Browser;
  let fake: Fake;
  let context: BrowserContext;
  let page: Page;
  let said: string[];

  before(async () => {
    browser = await chromium.launch({ executablePath: '/usr/lib/chromium/chromium', args: ['--no-sandbox'] });
  });
  after(() => browser?.close());
  beforeEach(async () => {
    fake = await startFake({ still: true });
    context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
    context.setDefaultTimeout(60_000);
    page = await context.newPage();
    said = [];
    page.on('console', (message) => message.type() === 'error' && said.push(message.text()));
    page.on('pageerror', (error) => said.push(error.message));
  });
  afterEach(async () => {
    await context.close();
    await fake.close();
  });

  const open = async (query: string) => {
    await page.goto(`${fake.url}/history${query}`);
    await page.getByText(/^Live/).waitFor();
  };
  const box = () => page.getByRole('combobox', { name: 'Which connections' });
  const rows = () => page.locator('[role=row][data-row]');

  test('the address is the query, older ones come as one scrolls, and a file has what is asked for', async () => {
    await open(`?q=${encodeURIComponent('verdict:reject app:firefox')}`);
    await rows().first().waitFor();
    for (const text of await rows().allInnerTexts()) assert.match(text, /refused\s+firefox/);
    const [csv] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()]);
    const table = readFileSync((await csv.path()) ?? '', 'utf8')
      .trim()
      .split('\r\n');
    assert.ok(table.length > 10 && table.slice(1).every((line) => line.includes(',reject,')), table[1]);
    await box().fill('');
    await box().press('Enter');
    await page.getByText('390 connections, 200 of them here').waitFor();
    await page.getByRole('button', { name: 'Show older ones' }).scrollIntoViewIfNeeded();
    await page.getByText('390 connections, 390 of them here').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Show older ones' }).count(), 0);
    assert.deepEqual(said, []);
  });

  test('Postern’s own connections are left out by the query, and the switch shows them', async () => {
    await open('');
    assert.equal(await box().inputValue(), 'own:no');
    await page.getByText('390 connections', { exact: false }).waitFor();
    await page.getByRole('checkbox', { name: 'Show Postern’s own' }).check();
    await page.getByText('400 connections', { exact: false }).waitFor();
    assert.equal(await box().inputValue(), 'own:*');
    await page.getByRole('checkbox', { name: 'Show Postern’s own' }).uncheck();
    await page.getByText('390 connections', { exact: false }).waitFor();
    await page.goto(`${fake.url}/`);
    await page.getByRole('treeitem').first().waitFor();
    assert.equal(await page.getByText('127.0.0.1:7878', { exact: false }).count(), 0);
    await page.getByRole('checkbox', { name: 'Show Postern’s own' }).check();
    await page.getByText('127.0.0.1', { exact: false }).first().waitFor();
  });

  test('fields and values are completed by the keyboard', async () => {
    await open('');
    await page.keyboard.press('/');
    await page.keyboard.press('End');
    await page.keyboard.type(' verd');
    await page.getByRole('option', { name: 'verdict: what became of it' }).waitFor();
    assert.deepEqual(await complaints(page), []);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    assert.equal(await box().inputValue(), 'own:no verdict:');
    await page.getByRole('option', { name: 'reject' }).waitFor();
    await page.keyboard.type('rej');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await until(() => page.url().includes('verdict%3Areject'), 'it is asked for');
    await until(async () => (await rows().allInnerTexts()).every((text) => text.includes('refused')), 'refusals alone');
  });

  test('what is wrong is said with its place', async () => {
    await open(`?q=${encodeURIComponent('app:curl colour:red')}`);
    await page.getByText('There is no field “colour”; there are app, verdict, user', { exact: false }).waitFor();
    assert.equal(await box().getAttribute('aria-invalid'), 'true');
    assert.deepEqual(await complaints(page), []);
  });

  test('a value is asked for by a click, left out by another, and neither by a third', async () => {
    await open('');
    const value = (name: string | RegExp) => page.getByRole('button', { name });
    await value(/^app\s*firefox\s*\d+$/).click();
    await until(async () => (await box().inputValue()) === 'own:no app:firefox', 'it is asked for');
    await until(async () => (await rows().allInnerTexts()).every((text) => text.includes('firefox')), 'firefox alone');
    await value(/^app\s*firefox\s*\d+ asked for$/).click();
    await until(async () => (await box().inputValue()) === 'own:no app:!firefox', 'it is left out');
    await until(async () => (await rows().allInnerTexts()).every((text) => !text.includes('firefox')), 'no firefox');
    await page.getByRole('region', { name: 'Left out' }).getByRole('button', { name: 'app firefox' }).click();
    await until(async () => (await box().inputValue()) === 'own:no', 'neither');
    assert.deepEqual(said, []);
  });

  test('together by a field, compared with the time before, and opened', async () => {
    await open('?by=app&range=15m&than=before');
    const table = page.getByRole('table');
    await table.getByRole('columnheader', { name: 'Change' }).waitFor();
    const firefox = table.getByRole('row', { name: /^firefox/ });
    await firefox.first().waitFor();
    assert.match((await firefox.allInnerTexts()).join(), /firefox\s+\d+\s+0\s+new/);
    assert.deepEqual(await complaints(page), []);
    await firefox.getByRole('button').click();
    await until(async () => (await box().inputValue()) === 'own:no app:firefox', 'it is opened');
    await rows().first().waitFor();
  });

  test('a view is kept, comes back after a reload, and is forgotten and not', async () => {
    await open(`?q=${encodeURIComponent('verdict:reject')}&range=24h`);
    await page.getByText('Views', { exact: true }).click();
    await page.getByRole('textbox', { name: 'Name of this view' }).fill('Refusals');
    await page.getByRole('button', { name: 'Keep' }).click();
    await open('');
    await page.getByText('Views (1)').click();
    await page.getByRole('button', { name: 'Refusals', exact: true }).click();
    await until(async () => (await box().inputValue()) === 'verdict:reject', 'it is back');
    assert.match(page.url(), /range=24h/);
    await page.getByRole('button', { name: 'Forget the view Refusals' }).click();
    await page.getByText('Views', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('Views (1)').waitFor();
  });

  test('it is usable 390 px wide', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await open('?by=domain&range=1h&than=before');
    await page.getByRole('table').waitFor();
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 390);
    await page.getByText('How many of each').click();
    await page.getByRole('region', { name: 'app' }).waitFor();
    assert.deepEqual(await complaints(page), []);
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 390);
  });
});
