// The pages Networks and Settings in a browser, against made-up data: what people do there, by keyboard, on a phone, in both schemes.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { complaints } from './complaints.ts';
import { type Fake, startFake } from './fake.ts';

describe('networks and settings', { concurrency: false }, () => {
  let browser: Browser;
  let fake: Fake;
  let page: Page;
  const errors: string[] = [];

  before(async () => {
    browser = await chromium.launch({ executablePath: '/usr/lib/chromium/chromium', args: ['--no-sandbox'] });
  });
  after(() => browser?.close());
  afterEach(async () => {
    await page?.context().close();
    await fake?.close();
    assert.deepEqual(errors.splice(0), []);
  });

  async function open(
    path: string,
    {
      administrator = true,
      narrow = false,
      dark = false,
    }: { administrator?: boolean; narrow?: boolean; dark?: boolean } = {},
  ): Promise<void> {
    fake = await startFake({ still: true, administrator });
    const context = await browser.newContext({
      colorScheme: dark ? 'dark' : 'light',
      viewport: narrow ? { width: 390, height: 844 } : { width: 1280, height: 860 },
    });
    page = await context.newPage();
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    await page.goto(`${fake.url}${path}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.getByText(/^Live/).waitFor();
  }

  /** Until so many changes were asked for. */
  async function changed(count = 1): Promise<void> {
    for (const end = Date.now() + 60_000; fake.changes.length < count; await page.waitForTimeout(50)) {
      if (Date.now() > end) assert.fail(`not ${count} changes in a minute: ${fake.changes}`);
    }
  }

  test('a new network is mentioned on every page, asked about in full on its own, and answered by keyboard', async () => {
    await open('/rules');
    await page.getByText('no trackers').first().waitFor();
    assert.equal(await page.getByRole('region', { name: 'New network', exact: true }).count(), 0);
    fake.arrive();
    const mention = page.getByRole('region', { name: 'New network', exact: true });
    await mention.waitFor();
    assert.equal(await page.getByRole('dialog').count(), 0, 'nobody is stopped');
    await mention.getByRole('link').press('Enter');
    await page.getByRole('heading', { name: 'You are on a new network. What is it?' }).waitFor();
    await mention.waitFor({ state: 'detached' });
    const name = page.getByRole('textbox', { name: 'Name' });
    assert.equal(await name.inputValue(), 'Café Blue');
    assert.equal(await page.getByRole('button', { name: 'Save' }).isDisabled(), true);
    await name.focus();
    await page.keyboard.press('End');
    await page.keyboard.type(' Rome');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    assert.equal(await page.getByRole('radio', { name: /^public/ }).isChecked(), true);
    await page.keyboard.press('Enter');
    await page.getByText('Café Blue Rome has the profile public.').waitFor();
    await page.getByRole('heading', { name: /What is it/ }).waitFor({ state: 'detached' });
    assert.deepEqual(fake.changes, ['PATCH /networks/ab12cd34ef56 {"name":"Café Blue Rome","profile":"public"}']);
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText(/^Undone/).waitFor();
    assert.equal(fake.changes.at(-1), 'POST /undo {}');
  });

  test('a word of one’s own, and the question put off', async () => {
    await open('/networks');
    fake.arrive();
    const own = page.getByRole('textbox', { name: 'Or a word of your own' });
    await own.fill('garden');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Café Blue has the profile garden.').waitFor();
    await page.getByRole('button', { name: 'Change Café Blue' }).click();
    const sheet = page.getByRole('dialog');
    assert.equal(await sheet.getByRole('radio', { name: 'garden' }).isChecked(), true, 'it is offered from now on');
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'detached' });
    fake.arrive();
    await page.getByRole('button', { name: 'Not now, and do not ask again' }).click();
    await page.getByText(/stays unknown, and is not asked about again/).waitFor();
    assert.equal(fake.changes.at(-1), 'PATCH /networks/ab12cd34ef56 {"later":true}');
  });

  test('what comes from outside is text, and a network can be forgotten', async () => {
    await open('/networks');
    await page.getByRole('heading', { name: 'Free\\x1b[2J <script>alert(1)</script>' }).waitFor();
    assert.match((await page.locator('main').textContent()) ?? '', /Tunnels that are up: wg0 \(wireguard\)/);
    await page.getByRole('button', { name: 'Forget Office' }).click();
    await page.getByText('Office is forgotten.').waitFor();
    await page.getByRole('heading', { name: 'Office' }).waitFor({ state: 'detached' });
    assert.equal(fake.changes.at(-1), 'DELETE /networks/71b0c9a2e5d4 ');
  });

  test('who is no administrator sees, and changes nothing', async () => {
    await open('/networks', { administrator: false });
    fake.arrive();
    await page.getByRole('heading', { name: 'Café Blue' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Change Home' }).isDisabled(), true);
    assert.equal(await page.getByRole('button', { name: 'Save' }).count(), 0);
    await page.goto(`${fake.url}/settings`);
    const wait = page.getByRole('spinbutton', { name: 'Questions wait' });
    await wait.waitFor();
    assert.equal(await wait.isDisabled(), true);
  });

  test('a network change is a mark on the chart of Now', async () => {
    await open('/');
    fake.arrive();
    await page.getByText('network: Café Blue').waitFor();
  });

  test('a rule may hold on this network only', async () => {
    await open('/ask');
    const card = page.getByRole('article').first();
    await card.getByRole('radio', { name: 'on this network only' }).check();
    await card.getByText(/on this network only\.$/).waitFor();
    await card.getByRole('button', { name: /^Allow/ }).click();
    await changed();
    assert.match(fake.changes.at(-1) ?? '', /"lifetime":"here"/);
  });

  test('settings are set by keyboard, taken back, and bounded', async () => {
    await open('/settings');
    const wait = page.getByRole('spinbutton', { name: 'Questions wait' });
    await wait.fill('500');
    await page.keyboard.press('Enter');
    assert.deepEqual(fake.changes, [], 'the browser says that 120 is the most');
    await wait.fill('60');
    await page.keyboard.press('Enter');
    await page.getByText('It is set, and holds now.').waitFor();
    assert.equal(fake.changes.at(-1), 'PATCH /settings {"hold":60}');
    await page.getByRole('button', { name: /^As it comes.*Questions wait$/ }).click();
    await page.getByRole('button', { name: /^As it comes.*Questions wait$/ }).waitFor({ state: 'detached' });
    assert.equal(fake.changes.at(-1), 'PATCH /settings {"hold":null}');
    assert.equal(await wait.inputValue(), '30');
    await page.getByRole('combobox', { name: 'Fail mode' }).selectOption('open');
    await page.getByRole('button', { name: 'Set Fail mode' }).click();
    await changed(3);
    assert.equal(fake.changes.at(-1), 'PATCH /settings {"fail":"open"}');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  });

  test('colours, motion and times are this browser’s, and stay', async () => {
    await open('/settings', { dark: true });
    const scheme = () => page.evaluate('getComputedStyle(document.documentElement).colorScheme');
    assert.equal(await scheme(), 'light dark');
    await page.getByRole('radio', { name: 'light', exact: true }).check();
    assert.equal(await scheme(), 'light');
    await page.getByRole('radio', { name: 'none' }).check();
    await page.getByRole('radio', { name: 'UTC' }).check();
    await page.reload();
    await page.getByRole('heading', { level: 1 }).waitFor();
    assert.equal(await scheme(), 'light');
    assert.equal(await page.evaluate('document.documentElement.dataset.motion'), 'reduced');
    await page.goto(`${fake.url}/history`);
    await page
      .getByText(/\d\d:\d\d:\d\d UTC/)
      .first()
      .waitFor();
    assert.deepEqual(fake.changes, [], 'nobody else is told');
  });

  for (const look of [{ dark: true }, { dark: false }, { narrow: true }]) {
    test(`axe finds nothing serious, and nothing is too wide: ${JSON.stringify(look)}`, async () => {
      await open('/networks', look);
      fake.arrive();
      await page.getByRole('heading', { name: /What is it/ }).waitFor();
      assert.deepEqual(await complaints(page), []);
      const wide = () => page.evaluate('document.documentElement.scrollWidth - innerWidth');
      assert.equal(await wide(), 0);
      await page.getByRole('button', { name: 'Change Home' }).click();
      await page.getByRole('dialog').waitFor();
      assert.deepEqual(await complaints(page), []);
      await page.goto(`${fake.url}/settings`);
      await page.getByRole('heading', { name: 'Changed elsewhere' }).waitFor();
      await page.getByRole('spinbutton').first().waitFor();
      assert.deepEqual(await complaints(page), []);
      assert.equal(await wide(), 0);
    });
  }
});
