// The live view in a real terminal, with the real daemon: it shows what goes on, answers what is held, and leaves the terminal as it was.
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { RuleView } from '#model/api.ts';
import { bin, Lab, type Postern } from '../lab.ts';
import { world } from '../namespaces.ts';
import { Tmux } from './tmux.ts';

const url = `http://${world.v4}/`;
const user = 'pt-term';

describe('postern top in a terminal', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let terminal: Tmux;

  before(async () => {
    lab = await Lab.create();
    lab.account(user);
    postern = await lab.postern({ args: ['--pages', 'off', '--hold', '120'] });
  });
  beforeEach(async () => {
    terminal = new Tmux(lab, user);
    await terminal.start();
    await terminal.keys('echo before', 'Enter');
    await terminal.until((screen) => /^before$/m.test(screen), 'the first line');
  });
  afterEach(async () => {
    await terminal.stop();
  });
  after(async () => {
    await postern?.stop();
    await lab?.close();
  });

  const top = (...args: string[]) => [bin, 'top', '--runtime-dir', join(postern.folder, 'run'), ...args].join(' ');
  async function opened(env = ''): Promise<void> {
    await terminal.keys(`${env} ${top()}; echo "ended $?"`, 'Enter');
    await terminal.until((screen) => /^Postern · ask/.test(screen), 'the first picture');
    await terminal.until((screen) => screen.includes('j k move'), 'its last line');
  }
  /** The screen before it, as it was, and the shell at its prompt. */
  const asItWas = (screen: string) =>
    /^before$/m.test(screen) && !screen.includes('Postern ·') && /\$$/.test(screen.trimEnd());
  const answers = async () => (await postern.json<RuleView[]>(['rules'])).filter(({ origin }) => origin === 'answer');

  test('a held connection is shown with its countdown, allowed there, and stands among the others then', async () => {
    await opened();
    const held = lab.curl(url, { user, maxSeconds: 110 });
    const screen = await terminal.until((shown) => shown.includes('wants to reach'), 'the question');
    assert.match(screen, new RegExp(`\\? curl \\(${user}\\) wants to reach 192\\.0\\.2\\.2, port 80/tcp +\\d+ s`));
    await terminal.keys('Tab');
    await terminal.until((shown) => /^› \? curl/m.test(shown), 'that it is chosen');
    await terminal.keys('l');
    await terminal.until((shown) => shown.includes('l how long: until it exits'), 'the next lifetime');
    await terminal.keys('l', 'a');
    assert.equal((await held).code, 0);
    const [rule] = await answers();
    assert.deepEqual([rule?.action, rule?.lifetime], ['allow', '15m']);
    await terminal.until((shown) => shown.includes('Allowed: /usr/bin/curl of user'), 'the word of it');
    await terminal.until(
      (shown) => /▾ curl .*✓ allowed/.test(shown) && !shown.includes('wants to reach'),
      'the connection',
    );
    await terminal.keys('q');
    const left = await terminal.until(asItWas, 'the screen as it was');
    assert.match(left, /^ended 0$/m);
    assert.equal((await terminal.run('display', '-p', '#{alternate_on} #{cursor_flag}')).stdout.trim(), '0 1');
    await postern.cli(['rule', 'rm', rule?.name ?? '']);
  });

  test('a refused one fails at once, and e says why', async () => {
    await opened();
    const held = lab.curl(url, { user, maxSeconds: 110 });
    await terminal.until((shown) => shown.includes('wants to reach'), 'the question');
    await terminal.keys('Tab', 'd');
    assert.equal((await held).code, 7);
    await terminal.until((shown) => /▾ curl .*✗ refused/.test(shown), 'the refusal');
    await terminal.keys('j', 'e');
    const why = await terminal.until((shown) => shown.includes('by the mode, as no rule matches'), 'the explanation');
    assert.match(why, /refused as answered/);
    assert.deepEqual(await answers(), [], 'once is no rule');
  });

  test('what another terminal answers closes it here, and says so', async () => {
    await opened();
    const held = lab.curl(url, { user, maxSeconds: 110 });
    await terminal.until((shown) => shown.includes('wants to reach'), 'the question');
    await terminal.keys('Tab');
    await terminal.until((shown) => /^› \? curl/m.test(shown), 'that it is chosen');
    const [prompt] = await postern.json<{ id: string }[]>(['prompts']);
    await postern.cli(['answer', prompt?.id ?? '', 'reject']);
    assert.equal((await held).code, 7);
    await terminal.until(
      (shown) => shown.includes('wants to reach 192.0.2.2, port 80/tcp: answered elsewhere'),
      'the word',
    );
  });

  test('an ordinary user sees their own, may not change the mode, and is told so', async () => {
    const roots = lab.curl(url, { maxSeconds: 4 });
    await opened();
    await terminal.keys('m');
    await terminal.until((shown) => shown.includes('p  pause 10 minutes'), 'the modes');
    await terminal.keys('p');
    await terminal.until((shown) => shown.includes('only root and members of the group postern'), 'the refusal');
    const screen = await terminal.screen();
    assert.doesNotMatch(screen, /\(root\)|wants to reach/);
    await roots;
  });

  test('it follows the size of the terminal, down to 40 columns', async () => {
    await opened();
    const held = lab.curl(url, { user, maxSeconds: 110 });
    await terminal.until((shown) => shown.includes('wants to reach'), 'the question');
    await terminal.keys('Tab');
    for (const [columns, rows] of [
      [40, 14],
      [160, 40],
      [64, 20],
    ] as const) {
      await terminal.run('resize-window', '-x', String(columns), '-y', String(rows));
      const screen = await terminal.until((shown) => {
        const lines = shown.split('\n');
        return lines[0]?.startsWith('Postern · ask') === true && lines[rows - 1]?.startsWith('j k move') === true;
      }, `a picture of ${columns} columns`);
      assert.match(screen, /^› \? curl/m);
      assert.equal(screen.match(/Postern ·/g)?.length, 1, screen);
    }
    await terminal.keys('d');
    assert.equal((await held).code, 7);
  });

  test('hostile names are only text', async () => {
    const program = join(lab.folder, 'e\u001b[2J\u001b[31mvil\u202e');
    copyFileSync('/usr/bin/curl', program);
    await opened();
    const held = lab.curl(url, { user, program, maxSeconds: 110 });
    const screen = await terminal.until((shown) => shown.includes('wants to reach'), 'the question');
    assert.ok(screen.includes('e\\x1b[2J\\x1b[31mvil\\u{202e}'), screen);
    assert.match(screen, /^Postern · ask/);
    await terminal.keys('Tab', 'n');
    assert.equal((await held).code, 7);
  });

  for (const signal of ['TERM', 'HUP', 'INT'] as const) {
    test(`SIG${signal} leaves the terminal as it was`, async () => {
      await opened();
      const tty = (await terminal.run('display', '-p', '#{pane_tty}')).stdout.trim().replace('/dev/', '');
      const found = (await lab.run(['ps', '-t', tty, '-o', 'pid=,args='])).stdout;
      const pid = /^ *(\d+) .*main\.ts top/m.exec(found)?.[1];
      assert.ok(pid !== undefined, found);
      process.kill(Number(pid), `SIG${signal}`);
      await terminal.until(asItWas, 'the screen as it was');
      assert.equal((await terminal.run('display', '-p', '#{alternate_on} #{cursor_flag}')).stdout.trim(), '0 1');
      // Lines are read and echoed again.
      await terminal.keys('echo after', 'Enter');
      await terminal.until((screen) => /^after$/m.test(screen), 'an echo');
    });
  }

  test('the daemon goes and comes back: it says so, and goes on', async () => {
    await opened();
    const letBack = postern.keepAway('control');
    try {
      await terminal.until((shown) => /^Postern · Postern is not running/.test(shown), 'that it is away');
    } finally {
      letBack();
    }
    await terminal.until((shown) => /^Postern · ask/.test(shown), 'that it is back');
    const held = lab.curl(url, { user, maxSeconds: 110 });
    await terminal.until((shown) => shown.includes('wants to reach'), 'the question');
    await terminal.keys('Tab', 'a');
    assert.equal((await held).code, 0);
  });

  test('NO_COLOR has none, and what is chosen is seen all the same', async () => {
    await opened('NO_COLOR=1');
    await terminal.keys('j');
    await terminal.until((shown) => /^› /m.test(shown), 'what is chosen');
    const coloured = (await terminal.run('capture-pane', '-p', '-e')).stdout;
    assert.ok(!coloured.includes('\u001b['), JSON.stringify(coloured.slice(0, 400)));
  });

  test('without a terminal it ends with 2; --once and --json are one picture', async () => {
    const piped = await postern.cli(['top']);
    assert.equal(piped.code, 2);
    assert.match(piped.stderr, /top needs a terminal; postern top --once/);
    const once = await postern.cli(['top', '--once']);
    assert.equal(once.code, 0);
    assert.match(once.stdout, /^Postern · ask · /);
    assert.match(once.stdout, /▾ curl/);
    assert.ok(!once.stdout.includes('\u001b'));
    const json = await postern.json<{ mode: string; apps: { title: string }[] }>(['top']);
    assert.equal(json.mode, 'ask');
    assert.ok(json.apps.some(({ title }) => title === 'curl'));
    const nobody = await lab.run([bin, 'top', '--once', '--runtime-dir', '/nonexistent']);
    assert.equal(nobody.code, 3);
  });
});
