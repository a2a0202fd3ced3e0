// Apps, the editor of a rule and its versions in a browser, against the fake server.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { complaints } from './complaints.ts';
import { type Fake, startFake } from './fake.ts';

const pages = [
  ...['/apps', '/apps/curl', '/rules/no%20trackers', '/rules/npm%20registry'],
  ...['/rules?view=changes&change=40', '/rules?rule=no%20trackers'],
];

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(50)) if (await holds()) return;
  assert.fail(`not in a minute: ${what}`);
}

describe('apps, the editor and versions', { concurrency: false }, () => {
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
    await page
      .getByText(/^Live\b/)
      .first()
      .waitFor();
    await page.getByRole('heading', { level: 1 }).waitFor();
  };
  const yaml = () => page.getByRole('textbox', { name: 'As the file has it' });
  const verdict = () => page.getByRole('status', { name: 'What would be decided' });
  const saves = () => fake.changes.filter((change) => change.startsWith('PATCH /rules/'));

  for (const width of [1280, 390]) {
    test(`each view, ${width} px wide: nothing serious of axe, no complaint of the browser, nothing too wide`, async () => {
      await page.setViewportSize({ width, height: 844 });
      for (const scheme of ['dark', 'light'] as const) {
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
        for (const path of pages) {
          await open(path);
          await sleep(600);
          assert.deepEqual(await complaints(page), [], `${path} ${scheme}`);
          assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width, path);
        }
      }
      assert.deepEqual(said, []);
    });
  }

  test('apps are searched and sorted as the address says, and each has a page; what they call themselves is text', async () => {
    await open('/apps?sort=bytes');
    const rows = page.locator('tbody [data-row]');
    await rows.first().waitFor();
    assert.match((await rows.allInnerTexts())[0] ?? '', /^firefox/);
    await page.getByLabel('Sort by').selectOption('refused');
    await page.waitForURL('**sort=refused**');
    await page.keyboard.press('Escape');
    await page.locator('h1').click();
    await page.keyboard.press('/');
    await page.keyboard.type('cur');
    await until(async () => (await rows.count()) === 1, 'the search holds');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/apps/curl');
    for (const text of ['ab34'.repeat(16), '127.0.0.1:8080/tcp', 'Changes of the file', 'perhaps: it rests on']) {
      await page.getByText(text, { exact: false }).first().waitFor();
    }
    await page.getByText('the host has no such file (deleted)', { exact: false }).first().waitFor();
    await page.getByText('upd\\u{202e}gpj.exe\\x1b[31m<script>alert(1)', { exact: false }).first().waitFor();
    await page.getByText('As a table').click();
    assert.equal(
      await page.getByRole('table', { name: 'Connections and bytes of each day' }).locator('tbody tr').count(),
      21,
    );
    await page.getByLabel('only what was refused').check();
    assert.equal(
      await page.getByRole('table', { name: 'Names and addresses, the last first' }).locator('tbody tr').count(),
      4,
    );
    assert.equal(await page.evaluate('document.querySelectorAll("main script, main img").length'), 0);
    await page.getByRole('link', { name: 'Its refused connections' }).click();
    await page.waitForURL('**/history?app=curl&action=reject');
    assert.deepEqual(said, []);
  });

  test('the form and the text are the same rule: what one is given shows in the other, and comments stay', async () => {
    await open('/rules/no%20trackers');
    await yaml().waitFor();
    await page.getByRole('textbox', { name: 'Port' }).first().fill('80\n443');
    await page.getByLabel('Action').selectOption('drop');
    assert.equal(
      await yaml().inputValue(),
      '# Why there is this rule.\nname: no trackers\naction: drop\nto: list:trackers\nport: [ 80, 443 ]\n',
    );
    await yaml().fill(
      '# Mine.\nname: no trackers\naction: reject\nto: [list:trackers, "*.ads.example"]\nuser: alice\n',
    );
    assert.equal(
      await page.getByRole('textbox', { name: 'To', exact: true }).first().inputValue(),
      'list:trackers\n*.ads.example',
    );
    assert.equal(await page.getByRole('textbox', { name: 'User' }).first().inputValue(), 'alice');
    await page.getByText('reject any program of user alice to list:trackers or *.ads.example').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The rule “no trackers” is changed.').waitFor();
    assert.match(saves()[0] ?? '', /^PATCH \/rules\/no%20trackers \{"text":"# Mine\.\\nname: no trackers/);
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await until(() => fake.changes.some((change) => change.startsWith('POST /undo ')), 'it is undone');
    assert.deepEqual(said, []);
  });

  test('the app of a rule: by path, by what else it is known by, and another one', async () => {
    await open('/rules/browsers');
    await yaml().waitFor();
    const first = page.getByRole('group', { name: 'App 1' });
    await first.getByLabel('Ask for more of app 1').selectOption('package');
    await first.getByRole('textbox', { name: 'Package' }).fill('firefox-esr');
    await page.getByRole('button', { name: 'Another app' }).click();
    await page.getByRole('group', { name: 'App 2' }).getByLabel('Path').fill('/usr/bin/curl');
    assert.match(
      await yaml().inputValue(),
      /app: \[ \{ path: \/usr\/lib\/firefox\/firefox, package: firefox-esr \}, \/usr\/bin\/curl \]/,
    );
  });

  test('what is wrong is said at its field and at its line, and cannot be saved', async () => {
    await open('/rules/no%20trackers');
    await yaml().waitFor();
    const port = page.getByRole('textbox', { name: 'Port' }).first();
    await port.fill('much');
    await until(async () => (await port.getAttribute('aria-invalid')) === 'true', 'it is marked');
    await page.getByText('line 5, column 7', { exact: false }).waitFor();
    assert.ok(await page.getByRole('button', { name: 'Save' }).isDisabled());
    assert.deepEqual(await complaints(page), []);
    await yaml().fill('name: [');
    await page.getByText('The form is back when the text beside it is right.').waitFor();
    await page.getByText('not YAML', { exact: false }).first().waitFor();
    assert.ok(await port.isDisabled());
    await page.getByRole('button', { name: 'Take the changes back' }).click();
    assert.equal(await port.inputValue(), '');
    assert.deepEqual(saves(), []);
  });

  test('the bench says what would be decided with the text in place, and keeps an attempt as a test', async () => {
    await open('/rules/browsers');
    await yaml().waitFor();
    const bench = page.getByRole('region', { name: 'Try it' });
    await bench.getByLabel('App').fill('/usr/lib/firefox/firefox');
    await bench.getByLabel('To', { exact: true }).fill('192.0.2.7:8443');
    await verdict().getByText('by the mode, as no rule matches').waitFor();
    await page.getByRole('textbox', { name: 'Port' }).first().fill('8443');
    await verdict().getByText('browsers').first().waitFor();
    await bench.getByRole('button', { name: 'Keep as a test that expects allow' }).click();
    await bench.getByText('holds').waitFor();
    assert.match(
      await yaml().inputValue(),
      /tests:\n {2}- \{ app: \/usr\/lib\/firefox\/firefox, to: 192\.0\.2\.7:8443, expect: allow \}/,
    );
    await page.getByRole('textbox', { name: 'Port' }).first().fill('443');
    await bench.getByText('fails').waitFor();
    await bench.getByText('expects allow, and the mode (ask) says ask').waitFor();
    await bench.getByRole('button', { name: 'Take test 1 away' }).click();
    assert.doesNotMatch(await yaml().inputValue(), /tests/);
    await bench.getByLabel('To', { exact: true }).fill('lan');
    await verdict().getByText('is no address or name', { exact: false }).waitFor();
    assert.deepEqual(saves(), []);
  });

  test('an exception to a fence is told what it needs, and given it', async () => {
    await open('/rules/no%20trackers');
    await yaml().fill('name: no trackers\naction: allow\nuser: alice\nto: country:RU\n');
    await page.getByText('A fence would overrule it', { exact: false }).waitFor();
    await page.getByRole('button', { name: 'Give it priority 10' }).click();
    assert.match(await yaml().inputValue(), /priority: 10\n$/);
    await page.getByText('A fence would overrule it', { exact: false }).waitFor({ state: 'detached' });
  });

  test('a rule of another file is shown and tried, and says where it is changed; a reader changes none', async () => {
    await open('/rules/npm%20registry');
    await page.getByText('which an administrator writes', { exact: false }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Save' }).count(), 0);
    assert.ok(await page.getByRole('textbox', { name: 'Note' }).isDisabled());
    await page.getByRole('region', { name: 'Try it' }).getByLabel('To', { exact: true }).fill('192.0.2.7:443');
    await verdict().getByText('by', { exact: false }).first().waitFor();
    await open('/rules/nobody');
    await page
      .getByText('There is no such thing', { exact: false })
      .or(page.getByText('there is no such thing'))
      .first()
      .waitFor();
  });

  test('by the keyboard alone: from the list into the editor, change, save, undo', async () => {
    await open('/rules?rule=no%20trackers');
    const edit = page.getByRole('link', { name: 'Edit and try no trackers' });
    await edit.waitFor();
    await edit.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/rules/no%20trackers');
    await page.getByRole('textbox', { name: 'Note' }).waitFor();
    const isFocused = async (label: string) =>
      (await page.evaluate('document.activeElement?.labels?.[0]?.textContent')) === label;
    for (let tries = 0; tries < 60 && !(await isFocused('Note')); tries += 1) {
      await page.keyboard.press('Tab');
    }
    await page.keyboard.type('they follow people');
    await until(async () => !(await page.getByRole('button', { name: 'Save' }).isDisabled()), 'it can be saved');
    await page.keyboard.press('Enter');
    await page.getByText('is changed.', { exact: false }).waitFor();
    assert.match(saves()[0] ?? '', /note: they follow people/);
  });

  test('versions: what a change did, what is different now, the way back, and undo of that', async () => {
    await open('/rules?view=changes');
    await page.getByRole('button', { name: /switched rule "old printer" off/ }).click();
    assert.match(page.url(), /change=40/);
    const lines = page.getByRole('group', { name: 'Changed lines' });
    await lines.waitFor();
    const shown = (await lines.textContent()) ?? '';
    assert.match(shown, /added: +to: \[lan, "list:<script>alert\(1\)<\/script>"\] # wider/);
    assert.match(shown, /removed: +- name: old/);
    await page.getByLabel('Show').selectOption('now');
    await page.getByText('There is no difference.').waitFor();
    assert.match(page.url(), /to=now/);
    await page.getByRole('button', { name: 'Go back to this change, 40' }).click();
    await page.getByText('The rules are as change 40 left them.').waitFor();
    assert.ok(fake.changes.some((change) => change.startsWith('POST /history/40/rollback')));
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await until(() => fake.changes.some((change) => change.startsWith('POST /undo ')), 'it is undone');
    assert.deepEqual(said, []);
  });
});
