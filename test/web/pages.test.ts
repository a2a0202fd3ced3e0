// The pages in a browser, against the fake server: what people do there, with the mouse, the keyboard and a screen reader's eyes.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { complaints } from './complaints.ts';
import { type Fake, firstToken, startFake } from './fake.ts';

const pages = [
  '/',
  '/ask',
  '/refused',
  '/history',
  '/rules',
  '/rules?view=changes',
  '/learn',
  '/names',
  '/lists',
  '/health',
];

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(50)) if (await holds()) return;
  assert.fail(`not in a minute: ${what}`);
}

describe('the pages', { concurrency: false }, () => {
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
    page.on('dialog', (dialog) => said.push(`dialog: ${dialog.message()}`));
  });
  afterEach(async () => {
    await context.close();
    await fake.close();
  });

  const open = async (path: string) => {
    await page.goto(`${fake.url}${path}`);
    await page.getByText(/^Live/).waitFor();
  };
  const cards = (of: Page = page) => of.getByRole('article');

  for (const width of [1280, 390]) {
    test(`every page, ${width} px wide: no complaint of the browser, none of axe that is serious, nothing too wide`, async () => {
      await page.setViewportSize({ width, height: 844 });
      for (const scheme of ['dark', 'light'] as const) {
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
        for (const path of pages) {
          await open(path);
          await page.getByRole('heading', { level: 1 }).waitFor();
          await sleep(300);
          assert.deepEqual(await complaints(page), [], `${path} ${scheme}`);
          assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width, path);
        }
      }
      assert.deepEqual(said, []);
    });
  }

  test('what a program calls itself is text', async () => {
    for (const path of ['/', '/ask', '/refused', '/history']) {
      await open(path);
      await page.getByText('upd\\u{202e}gpj.exe\\x1b[31m<script>alert(1)', { exact: false }).first().waitFor();
      assert.equal(await page.evaluate('document.querySelectorAll("main script, main img, main iframe").length'), 0);
    }
    assert.deepEqual(said, []);
  });

  test('an answer is for what the chips say, and closes the question in every window', async () => {
    await open('/ask');
    const other = await context.newPage();
    await other.goto(`${fake.url}/ask`);
    await until(async () => (await cards(other).count()) === 4, 'the other window has the questions');
    const card = cards().first();
    await card.getByRole('radio', { name: 'always' }).check();
    await card.getByRole('radio', { name: 'any port and protocol' }).check();
    await card.getByText('/usr/bin/curl of user alice to www.example.com, always').waitFor();
    await card.getByRole('button', { name: 'Allow' }).click();
    await until(async () => (await cards().count()) === 3, 'the card is gone');
    const [answer = ''] = fake.changes;
    assert.deepEqual(JSON.parse(answer.slice(answer.indexOf('{'))), {
      action: 'allow',
      scope: { who: 'app', to: 'name', name: 'www.example.com', port: 'any', user: 'user' },
      lifetime: 'always',
    });
    await page.getByText('you answered here').waitFor();
    await until(async () => (await cards(other).count()) === 3, 'the card is gone in the other window');
    await other.getByText('answered elsewhere, by alice').waitFor();
  });

  test('not now makes no rule, whatever was chosen', async () => {
    await open('/ask');
    const card = cards().first();
    await card.getByRole('radio', { name: 'always' }).check();
    await card.getByRole('button', { name: 'Not now' }).click();
    await until(async () => (await cards().count()) === 3, 'the card is gone');
    assert.match(fake.changes[0] ?? '', /"lifetime":"once"/);
    assert.match(fake.changes[0] ?? '', /"action":"reject"/);
  });

  test('questions by the keyboard: from card to card, and refuse', async () => {
    await open('/ask');
    await cards().first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('d');
    await until(async () => (await cards().count()) === 3, 'the card is gone');
    assert.match(fake.changes[0] ?? '', /^POST \/prompts\/mb0-\d+\/answer .*"action":"reject".*"lifetime":"once"/);
    await page.getByText('upd', { exact: false }).first().waitFor();
  });

  test('a question that somebody else answers closes with a word of who', async () => {
    await open('/ask');
    await cards().first().waitFor();
    fake.answerElsewhere();
    await page.getByText('answered elsewhere, by bob').waitFor();
    assert.equal(await cards().count(), 3);
  });

  test('who asks more than five times a minute may be learned, and the review kept', async () => {
    await open('/ask');
    await page.getByText('No question is open').or(cards().first()).first().waitFor();
    assert.equal(await page.getByRole('list', { name: 'Programs that ask often' }).getByRole('listitem').count(), 0);
    for (let at = 0; at < 20; at += 1) fake.ask();
    const offer = page.getByRole('list', { name: 'Programs that ask often' }).getByRole('listitem').first();
    await offer.getByRole('button', { name: 'Learn it' }).click();
    await until(
      () => fake.changes.some((change) => change.startsWith('POST /learnings {"subject":{"app":')),
      'a start',
    );
    await page.getByRole('heading', { level: 2, name: 'learning npm-cli.js' }).waitFor();
    await page.getByRole('checkbox', { name: /192\.0\.2\.77/ }).uncheck();
    await page.getByRole('button', { name: 'Keep this rule' }).click();
    await page.getByText('One rule holds.').waitFor();
    const accepted = fake.changes.find((change) => change.includes('/accept'));
    assert.match(accepted ?? '', /registry\.npmjs\.org/);
    assert.doesNotMatch(accepted ?? '', /192\.0\.2\.77/);
    await page.getByRole('button', { name: 'Undo' }).click();
    await until(() => fake.changes.some((change) => change.startsWith('POST /undo')), 'an undo');
  });

  test('a countdown only where a packet is held', async () => {
    await open('/ask');
    await page.getByText('nothing waits').first().waitFor();
    assert.equal(await page.getByRole('progressbar').count(), 3);
    assert.equal(await page.getByText('nothing waits').count(), 1);
  });

  test('after a break it goes on where it stopped, and nothing is lost', async () => {
    await open('/ask');
    await until(() => fake.follows.length === 1, 'it follows');
    fake.ask();
    await until(async () => (await cards().count()) === 5, 'the fifth question');
    const [first = 0] = fake.follows;
    fake.cut();
    fake.ask();
    await until(() => fake.follows.length === 2, 'it follows again');
    assert.equal(fake.follows[1], first + 1);
    await until(async () => (await cards().count()) === 6, 'the sixth question');
    await page.getByText(/^Live/).waitFor();
  });

  test('signed out, it says how to sign in; the link signs in and leaves no token', async () => {
    await open('/rules');
    fake.signOut();
    await page.goto(`${fake.url}/rules`);
    await page.getByText('Run postern ui in a terminal and open the link that it prints.').waitFor();
    await page.goto(`${fake.url}/login#wrong`);
    await page.getByText('This link was used, is older than a minute, or is not yours.').waitFor();
    await page.goto('about:blank');
    await page.goto(`${fake.url}/login#${firstToken}`);
    await page.waitForURL(`${fake.url}/`);
    await page.getByText(/^Live/).waitFor();
  });

  test('Health has the commands that are confined, and what they tried', async () => {
    await open('/health');
    const list = page.getByRole('list', { name: 'Commands that are confined' });
    await list.getByText('npm ci <img src=x onerror=alert(1)>', { exact: false }).click();
    const tried = page.getByRole('list', { name: 'What k3f9 tried' }).getByRole('listitem');
    await until(async () => (await tried.count()) === 2, 'what it tried');
    assert.match((await tried.first().textContent()) ?? '', /^refused node → 203\.0\.113\.66:443\/tcp 3 times$/);
    const asked = page.getByRole('list', { name: 'Services that k3f9 asked' }).getByRole('listitem');
    assert.equal(
      await asked.textContent(),
      'allowed asked docker (/run/docker.sock) starts containers; what it starts is not confined',
    );
    await page.getByText('Names that were not answered: evil.example.').waitFor();
    assert.deepEqual(await complaints(page), []);
  });

  test('Health says who is logged in and who was refused, and logs out', async () => {
    await open('/health');
    await page.getByText('12 logins of the last day from 203.0.113.5', { exact: false }).waitFor();
    await page.getByText('1 login of the last day from user <b>mallory</b>\\x1b[31m', { exact: false }).waitFor();
    const sessions = page.getByRole('list', { name: 'Who is logged in' }).getByRole('listitem');
    await sessions.filter({ hasText: '203.0.113.80' }).getByRole('button', { name: 'Log out alice' }).click();
    await until(async () => (await sessions.count()) === 1, 'one is left');
    assert.match(fake.changes[0] ?? '', /^DELETE \/pages\/sessions\/77aa90c1d3e4/);
    await page.getByRole('button', { name: 'Take the password away of alice' }).click();
    await until(() => fake.changes.length === 2, 'the password is taken away');
    assert.match(fake.changes[1] ?? '', /^DELETE \/pages\/passwords\/alice/);
    assert.deepEqual(await complaints(page), []);
  });

  test('a link of the desktop signs in and leads to its view', async () => {
    await open('/');
    fake.signOut();
    await page.goto('about:blank');
    await page.goto(`${fake.url}/login?to=${encodeURIComponent('/refused?q=curl')}#${firstToken}`);
    await page.waitForURL(`${fake.url}/refused?q=curl`);
    await page.getByRole('heading', { level: 1, name: 'Refused' }).waitFor();
  });

  test('lockdown says what it would refuse, and goes back unless it is kept', async () => {
    await open('/');
    await page.getByRole('group', { name: 'Mode' }).getByRole('button', { name: 'Lockdown' }).click();
    await page.getByText('it would refuse 213 connections').waitFor();
    await page.getByText('2 of these came in by SSH', { exact: false }).waitFor();
    assert.deepEqual(await complaints(page), []);
    await page.getByRole('button', { name: 'Lock down for 60 seconds' }).click();
    await page.getByText('The mode goes back to', { exact: false }).waitFor();
    assert.match(fake.changes[0] ?? '', /"revertSeconds":60/);
    await page.getByRole('button', { name: 'Keep lockdown' }).click();
    await until(() => fake.changes.length === 2, 'it is kept');
    assert.match(fake.changes[1] ?? '', /"confirm":true/);
    await page.getByText('The mode goes back to', { exact: false }).waitFor({ state: 'detached' });
  });

  test('a list holds still under the pointer, and says what waits', async () => {
    await open('/');
    const rows = page.getByRole('treeitem');
    await rows.first().hover();
    const before = await rows.allInnerTexts();
    for (let at = 0; at < 12; at += 1) fake.connect();
    const pill = page.getByRole('button', { name: '12 changes waiting' });
    await pill.waitFor();
    const ageless = (texts: readonly string[]) => texts.map((text) => text.replace(/^(\d+ (s|min)|now)$/gm, ''));
    assert.deepEqual(ageless(await rows.allInnerTexts()), ageless(before));
    // As a hand does it: from the list over what is between, and it is still there.
    const box = await pill.boundingBox();
    assert.ok(box !== null);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 20 });
    fake.connect();
    const more = page.getByRole('button', { name: '13 changes waiting' });
    await more.click();
    await more.waitFor({ state: 'detached' });
    assert.notDeepEqual(ageless(await rows.allInnerTexts()), ageless(before));
    // It flows again, though nothing told that the pointer went.
    const shown = await rows.allInnerTexts();
    fake.connect();
    await until(async () => ageless(await rows.allInnerTexts()).join() !== ageless(shown).join(), 'it flows again');
    assert.equal(await page.getByRole('button', { name: /wait/ }).count(), 0);
  });

  test('what waits has its place on a narrow page, and moves nothing', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await open('/');
    const row = page.getByRole('treeitem').first();
    await row.hover();
    const before = await row.boundingBox();
    fake.connect();
    const pill = page.getByRole('button', { name: '1 change waits' });
    const { x = 0, width = 1000 } = (await pill.boundingBox()) ?? {};
    assert.ok(x >= 0 && x + width <= 390, `from ${x} to ${x + width}`);
    assert.deepEqual(await row.boundingBox(), before);
  });

  test('by the keyboard alone: move, explain, close, make a rule, undo it', async () => {
    await open('/');
    await page.getByRole('treeitem').first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('e');
    await page.getByRole('dialog', { name: 'Why it happened' }).waitFor();
    assert.match(page.url(), /why=mb0-/);
    await page.getByText('all of its conditions hold').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.doesNotMatch(page.url(), /why/);
    await page.keyboard.press('/');
    await page.keyboard.type('npm');
    await until(async () => (await page.getByRole('treeitem').count()) === 2, 'the search holds');
    await page.keyboard.press('Enter');
    await page.keyboard.press('d');
    await page.getByRole('button', { name: 'Add this rule' }).click();
    await until(() => fake.changes.some((change) => change.startsWith('POST /rules ')), 'the rule is made');
    await page.getByRole('button', { name: 'Undo' }).click();
    await until(() => fake.changes.some((change) => change.startsWith('POST /undo ')), 'it is undone');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    assert.deepEqual(said, []);
  });

  test('an exception to a refusal stands as high as the refusal', async () => {
    await open('/refused');
    const row = page.locator('li', { hasText: 'telemetry.tracker.example.net' });
    await row.getByRole('button', { name: 'Make an exception' }).click();
    await page.getByText('It gets priority 10', { exact: false }).waitFor();
    await page.getByRole('button', { name: 'Add this rule' }).click();
    await until(() => fake.changes.length === 1, 'the rule is made');
    assert.match(fake.changes[0] ?? '', /"action":"allow".*"to":"telemetry\.tracker\.example\.net".*"priority":10/);
  });

  test('a rule is switched off, and back on by undo; a reader who may not change it finds it so', async () => {
    await open('/rules');
    await page.getByRole('switch', { name: 'Rule browsers' }).click();
    await until(() => fake.changes.length === 1, 'it is switched');
    assert.match(fake.changes[0] ?? '', /^PATCH \/rules\/browsers \{"enabled":false\}$/);
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await until(() => fake.changes.length === 2, 'it is undone');
    await fake.close();
    fake = await startFake({ still: true, administrator: false });
    await open('/rules');
    assert.ok(await page.getByRole('switch', { name: 'Rule browsers' }).isDisabled());
    assert.equal(await page.getByRole('button', { name: 'Add a rule' }).count(), 0);
    assert.ok(await page.getByRole('button', { name: 'Lockdown' }).isDisabled());
  });

  test('an exception says what it would have done before it is made', async () => {
    await open('/refused');
    const row = page.locator('[data-row]').filter({ hasText: 'firefox' }).first();
    await row.getByRole('button', { name: 'Make an exception' }).click();
    const said = 'It would have matched 14 connections of the last 7 days: 3 that were refused would be allowed.';
    await page.getByText(said).click();
    await page.getByText('14× firefox → www.example.com', { exact: false }).waitFor();
    await page.keyboard.press('Escape');
    await open('/ask');
    await page.getByText('Such a rule would have matched 14 connections of the last 7 days.').first().waitFor();
    assert.deepEqual(fake.changes, []);
  });
});
