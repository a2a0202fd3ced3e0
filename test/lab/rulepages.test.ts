// The editor of rules, their versions and the page of an app, with a real browser, the real daemon and real connections.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { PagesLink, VersionView } from '#model/api.ts';
import type { AppDetails } from '#model/shown/appdetails.ts';
import type { VersionDifference } from '#model/shown/difference.ts';
import { bin, Lab, type Postern } from './lab.ts';
import { world } from './namespaces.ts';

const url = `http://${world.v4}/`;
const local = `# Rules of the lab.
rules:
  # The web, for curl.
  - name: web # as ever
    action: allow
    app: /usr/bin/curl
    to: ${world.v4} # the world
  # The browser's own.
  - { name: browser, action: allow, to: loopback }
`;

describe('rules and apps in a browser', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let browser: Browser;
  let page: Page;
  const said: string[] = [];

  before(async () => {
    lab = await Lab.create();
    lab.account('pt-fenced');
    postern = await lab.postern({
      ...{ mode: 'lockdown', args: ['--pages', '127.0.0.1:0'], rules: { '50-local.yaml': local } },
    });
    const inside = join(lab.folder, 'browser');
    const enter = `nsenter --net=/run/netns/${lab.names.host}`;
    writeFileSync(inside, `#!/bin/sh\nexec ${enter} /usr/lib/chromium/chromium "$@"\n`, { mode: 0o755 });
    browser = await chromium.launch({ executablePath: inside, args: ['--no-sandbox', '--disable-quic'] });
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
    context.setDefaultTimeout(60_000);
    page = await context.newPage();
    page.on('pageerror', (error) => said.push(error.message));
    await page.goto((await postern.json<PagesLink>(['ui'])).url);
    await page
      .getByText(/^Live\b/)
      .first()
      .waitFor();
  });
  after(async () => {
    await browser?.close();
    await postern?.stop();
    await lab?.close();
  });

  const file = () => readFileSync(join(postern.rulesDir, '50-local.yaml'), 'utf8');
  const passes = async () => (await lab.curl(url)).code === 0;
  const toEditor = async () => {
    await page.getByRole('link', { name: 'Rules', exact: true }).click();
    await page.getByRole('button', { name: /\bweb ·/ }).click();
    await page.getByRole('link', { name: 'Edit and try web' }).click();
    await page.getByRole('textbox', { name: 'As the file has it' }).waitFor();
  };

  test('a rule changed in the form changes what becomes of a connection at once; undo changes it back, byte by byte', async () => {
    assert.ok(await passes());
    await toEditor();
    const bench = page.getByRole('region', { name: 'Try it' });
    await bench.getByLabel('App').fill('/usr/bin/curl');
    await bench.getByLabel('To', { exact: true }).fill(`${world.v4}:80`);
    const verdict = page.getByRole('status', { name: 'What would be decided' });
    await verdict.getByText('web').first().waitFor();
    await page.getByRole('textbox', { name: 'Port' }).first().fill('443');
    await verdict.getByText('by the mode, as no rule matches').waitFor();
    assert.ok(await passes(), 'nothing is changed by trying');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The rule “web” is changed.').waitFor();
    assert.equal(await passes(), false);
    assert.equal(file(), local.replace('# the world\n', '# the world\n    port: 443\n'));
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await postern.until(passes, 'that it passes again');
    assert.equal(file(), local);
  });

  test('its text is changed in the page, with a test that the command line runs; comments stay', async () => {
    const yaml = page.getByRole('textbox', { name: 'As the file has it' });
    await postern.until(async () => !(await yaml.inputValue()).includes('443'), 'that the page follows the undo');
    const tested = `${await yaml.inputValue()}tests:\n  - { app: /usr/bin/curl, to: "${world.v4}:80", expect: allow } # it must\n`;
    await yaml.fill(tested);
    await page.getByRole('region', { name: 'Try it' }).getByText('holds').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The rule “web” is changed.').waitFor();
    for (const comment of [
      '# Rules of the lab.',
      '# The web, for curl.',
      '# as ever',
      '# it must',
      "# The browser's own.",
    ]) {
      assert.ok(file().includes(comment), file());
    }
    assert.match((await lab.run([bin, 'test', postern.rulesDir])).stdout, /^1 passed, 0 failed/m);
    assert.equal((await postern.cli(['rule', 'text', 'web'])).stdout, tested);
  });

  test('versions: the page shows what the command line shows, and goes back', async () => {
    const [newest] = await postern.json<VersionView[]>(['history']);
    const told = await postern.json<VersionDifference>(['history', 'diff', `${newest?.id}`]);
    assert.deepEqual(
      told.files.map(({ added, removed }) => [added, removed]),
      [[2, 0]],
    );
    const withTest = file();
    assert.equal(
      (await postern.cli(['rule', 'add', 'reject', '--app', '/usr/bin/curl', '--to', world.v4, '--priority', '5']))
        .code,
      0,
    );
    assert.equal(await passes(), false);
    await page.getByRole('link', { name: 'Rules', exact: true }).click();
    await page.getByRole('link', { name: 'Changes' }).click();
    await page
      .getByRole('button', { name: /added rule/ })
      .first()
      .click();
    await page.getByRole('group', { name: 'Changed lines' }).getByText('action: reject').waitFor();
    await page.getByRole('button', { name: `Go back to this change, ${newest?.id}` }).click();
    await page.getByText(`The rules are as change ${newest?.id} left them.`).waitFor();
    assert.ok(await passes());
    assert.equal(file(), withTest);
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await postern.until(async () => !(await passes()), 'that it is refused again');
    assert.equal((await postern.cli(['history', 'rollback', `${newest?.id}`])).code, 0);
    assert.equal(file(), withTest);
  });

  test('an exception that is posted with no priority gets that of its fence', async () => {
    assert.equal((await postern.cli(['rule', 'add', 'reject', '--user', 'pt-fenced', '--name', 'fence'])).code, 0);
    await page.getByRole('button', { name: 'Add a rule' }).click();
    const form = page.getByRole('dialog', { name: 'Add a rule' });
    await form.getByRole('radio', { name: 'allow' }).check();
    await form.getByLabel('User', { exact: true }).fill('pt-fenced');
    await form.getByLabel('To', { exact: true }).fill(world.v4);
    await form.getByLabel('Name', { exact: true }).fill('exception');
    await form.getByRole('button', { name: 'Add this rule' }).click();
    await postern.until(() => /name: exception\n(.*\n)*? +priority: 10\n/.test(file()), 'the priority of the fence');
    await postern.until(
      async () => (await lab.curl(url, { user: 'pt-fenced' })).code === 0,
      'that the exception holds',
    );
  });

  test('the page of an app shows what it did, what it is, and where it listens', async () => {
    assert.ok(await passes());
    const details = () => postern.json<AppDetails>(['apps', 'curl']);
    await postern.until(async () => (await details()).files[0]?.sha256 != null, 'that its hash was found out');
    const app = await details();
    assert.equal(app.files[0]?.path, '/usr/bin/curl');
    assert.ok(app.refused > 0 && app.connections > app.refused);
    assert.ok(app.rules.some(({ name, named, sure }) => name === 'web' && named && sure));
    await page.getByRole('link', { name: 'Apps', exact: true }).click();
    await page.getByRole('link', { name: 'curl', exact: true }).click();
    await page
      .getByText(app.files[0]?.sha256 ?? '')
      .first()
      .waitFor();
    await page.getByRole('rowheader', { name: world.v4 }).waitFor();
    await page.getByRole('link', { name: 'web', exact: true }).waitFor();
    const server = lab.spawn(['python3', '-m', 'http.server', '8099', '--bind', '127.0.0.1']);
    const python = async () =>
      (await postern.json<{ app: string }[]>(['apps'])).find(({ app: name }) => name.startsWith('python'));
    await postern.until(async () => {
      await lab.curl('http://127.0.0.1:8099/');
      return (await python()) !== undefined;
    }, 'that python was seen');
    const name = (await python())?.app ?? '';
    const listening = await postern.json<AppDetails>(['apps', name]);
    assert.deepEqual(
      listening.listeners?.map(({ protocol, address, port }) => `${address}:${port}/${protocol}`),
      ['127.0.0.1:8099/tcp'],
    );
    await page.getByRole('link', { name: 'All apps' }).click();
    await page.getByRole('button', { name: 'Ask again' }).click();
    await page.getByRole('link', { name, exact: true }).click();
    await page.getByText('127.0.0.1:8099/tcp').waitFor();
    server.kill('SIGKILL');
    assert.deepEqual(said, []);
  });
});
