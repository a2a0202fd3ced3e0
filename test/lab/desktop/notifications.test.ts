// Questions on a real desktop: dunst shows them under Xvfb, its buttons answer, and held connections go on or fail.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { PromptView, RuleView } from '#model/api.ts';
import { Lab, type Postern } from '../lab.ts';
import { world } from '../namespaces.ts';
import { Resolver } from '../resolver.ts';
import { Desktop } from './desktop.ts';

const url = `http://${world.v4}/`;
const user = 'pt-desk';
const site = '198.51.100.7';

describe('questions on a desktop', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let desktop: Desktop;
  let agent: ChildProcess;

  before(async () => {
    lab = await Lab.create();
    await new Resolver(lab).start([`host-record=www.example.com,${site},300`]);
    desktop = await Desktop.start(lab, user);
    postern = await lab.postern({ args: ['--pages', '127.0.0.1:0', '--hold', '120'] });
  });
  beforeEach(async () => {
    await nothingStands();
    // For each that begins, the minute in which it may ask only so often is a new one.
    agent = desktop.agent(postern, ['--no-refusals']);
  });
  afterEach(async () => {
    if (agent.exitCode !== null) return;
    const ended = once(agent, 'exit');
    agent.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null], desktop.said);
  });
  after(async () => {
    await postern?.stop();
    await lab?.close();
  });

  const nothingStands = () =>
    postern.until(
      async () => (await desktop.displayed()) === 0 && (await postern.json<PromptView[]>(['prompts'])).length === 0,
      'that no notification stands',
    );
  /** A held connection of the desktop's user, once its notification is there. */
  async function held(to = url, program = 'curl') {
    const before = desktop.shown().length;
    const curl = lab.curl(to, { user, program, maxSeconds: 110 });
    await postern.until(() => desktop.shown().length > before, `the notification; the agent said: ${desktop.said}`);
    return { curl, note: desktop.shown().at(-1) };
  }
  const answers = async () => (await postern.json<RuleView[]>(['rules'])).filter(({ origin }) => origin === 'answer');
  const undoAll = async () => {
    for (const rule of await answers()) await postern.cli(['rule', 'rm', rule.name]);
  };

  test('the notification says who wants what and what its buttons do; Allow lets the held connection go on', async () => {
    const { curl, note } = await held('http://www.example.com/');
    assert.equal(note?.title, `curl (${user}) wants to reach www.example.com, port 80/tcp`);
    assert.match(note?.body ?? '', /^\/usr\/bin\/curl · .*\n198\.51\.100\.7 · name known by DNS · the internet/);
    assert.match(
      note?.body ?? '',
      new RegExp(
        `Allow and Refuse are for /usr/bin/curl of user ${user} to www\\.example\\.com on port 80/tcp, for 15 minutes\\.\nClosing this refuses it this once\\.$`,
      ),
    );
    assert.equal(note?.urgency, 'CRITICAL');
    await desktop.press('Allow for 15 min');
    assert.equal((await curl).code, 0);
    const [rule, ...others] = await answers();
    assert.deepEqual([rule?.action, rule?.lifetime, others.length], ['allow', '15m', 0]);
    assert.ok(rule?.text.includes('to www.example.com on port 80/tcp'), rule?.text);
    await undoAll();
  });

  test('Refuse fails it at once', async () => {
    const { curl } = await held();
    await desktop.press('Refuse for 15 min');
    const pressed = performance.now();
    assert.equal((await curl).code, 7);
    assert.ok(performance.now() - pressed < 15_000, 'long before its time was over');
    assert.deepEqual(
      (await answers()).map(({ action }) => action),
      ['reject'],
    );
    await undoAll();
  });

  test('closing it is "not now": refused this once, and no rule', async () => {
    const { curl } = await held();
    assert.equal((await desktop.run(['dunstctl', 'close'])).code, 0);
    assert.equal((await curl).code, 7);
    assert.deepEqual(await answers(), []);
  });

  test('what another terminal answers closes the notification', async () => {
    const { curl } = await held();
    await postern.until(async () => (await desktop.displayed()) === 1, 'it on the screen');
    const [prompt] = await postern.json<PromptView[]>(['prompts']);
    assert.equal((await postern.cli(['answer', prompt?.id ?? '', 'allow'])).code, 0);
    assert.equal((await curl).code, 0);
    await nothingStands();
    assert.deepEqual(await answers(), []);
  });

  test('Details opens the pages at the question, with a link that logs in once, and leaves it open', async () => {
    const { curl } = await held();
    const [prompt] = await postern.json<PromptView[]>(['prompts']);
    await desktop.press('Details');
    await postern.until(() => desktop.opened().length > 0, 'that the pages are opened');
    const opened = new URL(desktop.opened().at(-1) ?? '');
    assert.equal(opened.searchParams.get('to'), `/ask?why=${encodeURIComponent(`prompt:${prompt?.id}`)}`);
    const body = JSON.stringify({ token: opened.hash.slice(1) });
    const headers = ['-H', 'postern-request: 1', '-H', 'content-type: application/json'];
    const login = ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', ...headers, '-d', body];
    const session = `${opened.origin}/api/v1/pages/session`;
    assert.equal((await lab.run([...login, session], { user })).stdout, '200');
    assert.equal((await lab.run([...login, session], { user })).stdout, '401');
    assert.equal((await postern.json<PromptView[]>(['prompts'])).length, 1, 'it is still open');
    await postern.cli(['answer', prompt?.id ?? '', 'reject']);
    assert.equal((await curl).code, 7);
  });

  test('hostile names are only text', async () => {
    const name = join(desktop.folder, 'bin', '<b>x<i>&amp;\u001b[31m\u202eevil');
    copyFileSync('/usr/bin/curl', name);
    const { curl, note } = await held(url, name);
    assert.ok(note?.title.includes('<b>x<i>&amp;\\x1b[31m\\u{202e}evil'), note?.title);
    for (const sign of ['<b>', '<i>', '\u001b', '\u202e']) assert.ok(!note?.body.includes(sign), note?.body);
    await desktop.press('Refuse for 15 min');
    assert.equal((await curl).code, 7);
    await undoAll();
  });

  test('a notification daemon that is started again shows what still waits', async () => {
    const { curl } = await held();
    await desktop.killDunst();
    await desktop.startDunst();
    await postern.until(async () => (await desktop.displayed()) === 1, 'that it is shown again');
    await desktop.press('Allow for 15 min');
    assert.equal((await curl).code, 0);
    await undoAll();
  });

  test('the control plane is killed: the agent finds it again', async () => {
    postern.kill9('control');
    await postern.until(async () => (await postern.cli(['status'])).code === 0, 'that it is back');
    const { curl } = await held();
    await desktop.press('Allow for 15 min');
    assert.equal((await curl).code, 0);
    await undoAll();
  });

  test('a second agent of the same user is not needed, and says so', async () => {
    const { curl } = await held();
    const second = desktop.agent(postern);
    assert.deepEqual(await once(second, 'exit'), [0, null]);
    assert.match(desktop.said, /another agent of yours runs on this desktop already/);
    assert.equal(await desktop.displayed(), 1, 'the question is shown once');
    await desktop.press('Allow for 15 min');
    assert.equal((await curl).code, 0);
    await undoAll();
  });

  test('more than five questions in a minute are told of together', async () => {
    const before = desktop.shown().length;
    const programs = Array.from({ length: 8 }, (_, at) => join(desktop.folder, 'bin', `program${at}`));
    for (const program of programs) copyFileSync('/usr/bin/curl', program);
    const all = programs.map((program) => lab.curl(url, { user, program, maxSeconds: 110 }));
    const titles = () =>
      desktop
        .shown()
        .slice(before)
        .map(({ title }) => title);
    await postern.until(() => titles().includes('3 programs ask'), `the sum of them: ${titles()}`);
    assert.equal(titles().filter((title) => title.includes('wants to reach')).length, 5, `${titles()}`);
    await postern.until(async () => (await desktop.displayed()) === 6, 'all of them on the screen');
    for (const { id } of await postern.json<PromptView[]>(['prompts'])) await postern.cli(['answer', id, 'reject']);
    for (const one of all) assert.equal((await one).code, 7);
    await nothingStands();
  });

  test('the session bus goes and comes back: so does the agent', async () => {
    await desktop.killBus();
    await desktop.killDunst();
    await desktop.startBus();
    await desktop.startDunst();
    const { curl } = await held();
    await desktop.press('Allow for 15 min');
    assert.equal((await curl).code, 0);
    await undoAll();
  });

  test('a refusal that nobody was asked about is told of, once for what is the same', async () => {
    agent.kill('SIGTERM');
    await once(agent, 'exit');
    agent = desktop.agent(postern);
    await postern.cli(['mode', 'lockdown', '--now']);
    const before = desktop.shown().length;
    // The agent tells of what it hears, and it begins to hear a moment after its start.
    await postern.until(async () => {
      await lab.curl(url, { user });
      return desktop.shown().length > before;
    }, `the notification; the agent said: ${desktop.said}`);
    for (let times = 0; times < 3; times += 1) assert.equal((await lab.curl(url, { user })).code, 7);
    const [note, ...others] = desktop.shown().slice(before);
    assert.match(note?.title ?? '', /^Postern refused (a connection|\d+ connections) of curl$/);
    assert.ok(note?.body.startsWith(`curl → ${world.v4}`), note?.body);
    assert.deepEqual([note?.urgency, others], ['LOW', []]);
    await postern.cli(['mode', 'ask']);
    await desktop.run(['dunstctl', 'close-all']);
  });

  test('its end takes its notifications away', async () => {
    const { curl } = await held();
    await postern.until(async () => (await desktop.displayed()) === 1, 'it on the screen');
    agent.kill('SIGTERM');
    await once(agent, 'exit');
    await postern.until(async () => (await desktop.displayed()) === 0, 'that it is gone');
    const [prompt] = await postern.json<PromptView[]>(['prompts']);
    assert.equal(prompt?.user, user, 'the question is still open');
    await postern.cli(['answer', prompt?.id ?? '', 'reject']);
    assert.equal((await curl).code, 7);
  });
});
