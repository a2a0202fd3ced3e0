// What the keys of the terminal view do, on what is chosen and on nothing else; and that the list stands still under them.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Made, madeClient, madeLine, madeQuestion } from './made.testing.ts';
import { frameJson } from './rows.ts';
import { type Press, Terminal } from './terminal.ts';

let made: Made;
let terminal: Terminal;
let stop: AbortController;

beforeEach(async () => {
  made = madeClient();
  made.lines.push(madeLine(1), madeLine(2, { action: 'reject' }, '/usr/bin/wget'));
  made.prompts = [madeQuestion('q-1'), madeQuestion('q-2', '/usr/bin/ssh')];
  stop = new AbortController();
  terminal = new Terminal(made.client);
  void terminal.run(stop.signal);
  while (terminal.picture.rows.length === 0) await sleep(5);
});
afterEach(() => stop.abort());

const keys = (...names: (string | Press)[]) =>
  names.map((name) => terminal.press(typeof name === 'string' ? { text: name } : name));
const named = (name: NonNullable<Press['name']>): Press => ({ text: '', name });
const told = () => sleep(150);
const answered = (at = -1) => {
  const [, path, body = ''] = /^POST (\S+) (.*)$/.exec(made.asked.at(at) ?? '') ?? [];
  return { path, ...(JSON.parse(body) as { action: string; lifetime: string; scope: Record<string, string> }) };
};

test('nothing is answered before a row was chosen', () => {
  keys('a', 'd', 'n', 'D');
  assert.deepEqual(made.asked, []);
  assert.match(terminal.picture.ui.message?.text ?? '', /Choose a row first/);
});

test('a question is allowed, refused or put off with what was chosen for it', async () => {
  keys(named('tab'), 'l', 'l', 't', 'p', 'a');
  await told();
  assert.deepEqual(answered(), {
    ...{ path: '/prompts/q-1/answer', action: 'allow', lifetime: '15m' },
    scope: { who: 'app', to: 'domain', name: 'www.example.com', port: 'any', user: 'user' },
  });
  assert.match(terminal.picture.ui.message?.text ?? '', /^Allowed: \/usr\/bin\/curl of user alice to \.?example\.com/);
  keys(named('tab'), 'n');
  await told();
  const { path, action, lifetime } = answered();
  assert.deepEqual([path, action, lifetime], ['/prompts/q-2/answer', 'reject', 'once']);
});

test('a question that is answered elsewhere goes, says so, and nothing else is chosen in its place', async () => {
  keys(named('tab'));
  made.tell('prompt-closed', { id: 'q-1', outcome: 'answered', action: 'allow', time: 1 });
  await told();
  assert.deepEqual(
    terminal.picture.rows.filter(({ type }) => type === 'question').map(({ key }) => key),
    ['question q-2'],
  );
  assert.equal(terminal.picture.ui.selected, undefined);
  assert.match(terminal.picture.ui.message?.text ?? '', /curl \(alice\) wants to reach .*: answered elsewhere/);
  keys('a');
  assert.deepEqual(made.asked, []);
});

test('the list stands still while one moves, says what waits, and goes on', async () => {
  const nodes = () => terminal.picture.rows.filter(({ type }) => type === 'node').map(({ key }) => key);
  const before = nodes();
  keys('j', 'j', 'j');
  made.tell('connection', madeLine(50, {}, '/usr/bin/git'));
  // Connections alone wait for more of them.
  await sleep(700);
  assert.deepEqual(nodes(), before);
  assert.equal(terminal.picture.waiting, 1);
  keys('r');
  assert.ok(nodes().some((key) => key.includes('git')));
  assert.equal(terminal.picture.waiting, 0);
});

test('a rule is made of a connection only after it was shown', async () => {
  keys('j', 'j', 'j', 'd');
  await told();
  const { pane } = terminal.picture.ui;
  assert.equal(pane?.type, 'rule');
  assert.ok(!made.asked.some((one) => one.startsWith('POST')));
  keys('l', named('escape'));
  assert.equal(terminal.picture.ui.pane, undefined);
  keys('d');
  await told();
  keys(named('enter'));
  await told();
  assert.match(made.asked.at(-1) ?? '', /^POST \/rules \{"rule":\{.*"action":"reject".*\},"lifetime":"always"\}$/);
});

test('search, the mode, undo, explain and leaving', async () => {
  keys('/', 'w', 'g', 'x', named('backspace'), named('enter'));
  assert.deepEqual(
    terminal.picture.rows.map(({ key }) => key.split('\n')[0]),
    ['/wget', '/wget'],
  );
  keys(named('escape'), 'm');
  await told();
  keys('p');
  await told();
  assert.equal(made.asked.at(-1), 'PUT /mode {"pauseMinutes":10}');
  keys('u');
  await told();
  assert.equal(made.asked.at(-1), 'POST /undo {}');
  assert.match(terminal.picture.ui.message?.text ?? '', /^Undone: alice added rule "x"\.$/);
  keys(named('tab'), 'e');
  await told();
  assert.equal(terminal.picture.ui.pane?.type, 'explain');
  assert.deepEqual(keys('q', 'q'), [true, false], 'the first closes what is open');
});

test('for scripts the same is JSON', () => {
  const { watched, lines } = terminal.picture;
  const json = JSON.parse(JSON.stringify(frameJson(watched, lines, Date.now()))) as {
    mode: string;
    prompts: { id: string }[];
    apps: { title: string; state: string; children: unknown[] }[];
  };
  assert.equal(json.mode, 'ask');
  assert.deepEqual(
    json.prompts.map(({ id }) => id),
    ['q-1', 'q-2'],
  );
  assert.deepEqual(
    json.apps.map(({ title, state }) => [title, state]),
    [
      ['wget', 'reject'],
      ['curl', 'allow'],
    ],
  );
});
