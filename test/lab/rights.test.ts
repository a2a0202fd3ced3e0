// What an ordinary user can and cannot do to others through the sockets, and what comes to a terminal of what programs choose.
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import type { AppView, LogLine, PromptView, RuleView, VersionView } from '#model/api.ts';
import { Lab, type Postern } from './lab.ts';
import { world } from './namespaces.ts';

const python = '/usr/bin/python3';
const url = `http://${world.v4}/`;

/** Controls but for line feeds, and what turns text around or hides it. */
const hostile = /[^\P{Cc}\n]|\p{Cf}/u;

describe('rights', () => {
  let lab: Lab;
  let postern: Postern;

  before(async () => {
    lab = await Lab.create();
    for (const name of ['pt-vagrant', 'pt-other']) lab.account(name);
  });
  afterEach(() => postern?.stop());
  after(() => lab.close());

  const other = { user: 'pt-other' } as const;
  const socket = (name: string) => join(postern.folder, 'run', name);

  test('nobody but the control plane knocks at the gate', async () => {
    postern = await lab.postern({ args: ['--hold', '120'] });
    const script = `import socket,sys
s = socket.socket(socket.AF_UNIX)
try: s.connect(sys.argv[1]); print('in')
except OSError as e: print(e.strerror)`;
    const ran = await lab.run([python, '-c', script, socket('gate.sock')], other);
    assert.equal(ran.stdout.trim(), 'Permission denied', ran.stderr);
    assert.equal((await lab.run([python, '-c', script, socket('postern.sock')], other)).stdout.trim(), 'in');
  });

  test('one user cannot take all connections of the API', async () => {
    postern = await lab.postern({ args: ['--hold', '120'] });
    const script = `import socket,sys,time
kept = []
for n in range(400):
    s = socket.socket(socket.AF_UNIX)
    try: s.connect(sys.argv[1]); s.send(b'GET /api/v1/events HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'); kept.append(s)
    except OSError: pass
print('done', flush=True); sys.stdin.read()`;
    const greedy = lab.talker([python, '-c', script, socket('postern.sock')], other);
    assert.equal(await greedy.say(), 'done');
    assert.equal((await postern.cli(['status'])).code, 0, 'root');
    assert.equal((await postern.cli(['status'], { user: 'pt-vagrant' })).code, 0, 'another user');
    greedy.end();
    await postern.until(async () => (await postern.cli(['status'], other)).code === 0, 'the user to be served again');
  });

  test('a member of the group postern is an administrator, without being root', async () => {
    lab.account('pt-admin');
    lab.group('postern', 'pt-admin');
    const admin = { user: 'pt-admin' } as const;
    postern = await lab.postern({ args: ['--hold', '120'] });
    const asking = lab.curl(url, { user: 'pt-vagrant', maxSeconds: 110 });
    await postern.until(async () => (await postern.json<PromptView[]>(['prompts'], admin)).length === 1, 'a question');
    const [prompt] = await postern.json<PromptView[]>(['prompts'], admin);
    assert.equal(prompt?.user, 'pt-vagrant', 'the question of another user');
    const answered = await postern.cli(['answer', prompt?.id ?? '', 'allow', '--for', '15m'], admin);
    assert.equal(answered.code, 0, answered.stderr);
    assert.match(answered.stdout, /Take it back with: postern undo/);
    assert.equal((await asking).code, 0);
    for (const args of [
      ['undo'],
      ['rule', 'add', 'reject', '--app', '/usr/bin/curl', '--name', 'no-curl'],
      ['rule', 'disable', 'no-curl'],
      ['rule', 'rm', 'no-curl'],
      ['mode', 'lockdown', '--now'],
      ['pause', '1m'],
      ['mode', 'ask'],
      ['history'],
    ]) {
      const ran = await postern.cli(args, admin);
      assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.stderr}`);
    }
    const versions = await postern.json<VersionView[]>(['history'], admin);
    assert.ok(versions.length >= 5 && versions.every(({ user }) => user === 'pt-admin'), 'who did it is written down');
    const lines = await postern.json<LogLine[]>(['log'], admin);
    assert.ok(lines.some(({ user }) => user === 'pt-vagrant'));
  });

  test('what one user answered is not for another to see', async () => {
    postern = await lab.postern({ args: ['--hold', '120'] });
    const program = join(lab.folder, 'secret-program');
    copyFileSync(realpathSync('/usr/bin/curl'), program);
    chmodSync(program, 0o755);
    const asking = lab.curl(url, { program, user: 'pt-vagrant', maxSeconds: 110 });
    await postern.until(async () => (await postern.json<PromptView[]>(['prompts'])).length === 1, 'a question');
    const follower = lab.spawn(
      [
        'sh',
        '-c',
        `exec ${python} -u -c '
import socket
s = socket.socket(socket.AF_UNIX); s.connect("${socket('postern.sock')}")
s.send(b"GET /api/v1/events HTTP/1.1\\r\\nHost: x\\r\\nLast-Event-ID: 0\\r\\n\\r\\n")
while True: print(s.recv(65536).decode())'`,
      ],
      other,
    );
    let heard = '';
    follower.stdout?.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
    });
    await postern.until(() => heard.includes('policy-applied'), 'the events of before');
    const [prompt] = await postern.json<PromptView[]>(['prompts'], { user: 'pt-vagrant' });
    const answered = await postern.cli(['answer', (prompt as PromptView).id, 'allow', '--for', 'always'], {
      user: 'pt-vagrant',
    });
    assert.equal(answered.code, 0, answered.stderr);
    assert.doesNotMatch(answered.stdout, /undo/, 'what they may not do is not offered');
    assert.equal((await asking).code, 0);
    const answers = async (options: { user?: string }) =>
      (await postern.json<RuleView[]>(['rules'], options)).filter(({ origin }) => origin === 'answer').length;
    assert.deepEqual([await answers({}), await answers({ user: 'pt-vagrant' }), await answers(other)], [1, 1, 0]);
    const explained = await postern.cli(['explain', '--app', '/usr/bin/x', '--to', world.v4, '--port', '80'], other);
    await postern.until(() => (heard.match(/policy-applied/g) ?? []).length >= 2, 'the events of after');
    for (const text of [heard, explained.stdout]) assert.doesNotMatch(text, /secret-program/);
    follower.kill('SIGKILL');
  });

  test('names and arguments of programs reach a terminal escaped', async () => {
    const name = 'evil\u001b[2J\u009b31m\u202egnp';
    const program = join(lab.folder, name);
    copyFileSync(realpathSync('/usr/bin/curl'), program);
    chmodSync(program, 0o755);
    postern = await lab.postern({ args: ['--hold', '120'] });
    const asking = lab.run([program, '-s', '-m', '110', '-A', '\u001b]0;owned\u0007', url], {
      ...other,
      timeoutMs: 150_000,
    });
    await postern.until(async () => (await postern.json<PromptView[]>(['prompts'])).length === 1, 'a question');
    const shown = [await postern.cli(['prompts']), await postern.cli(['prompts', '--json'])];
    shown.push(await postern.cli(['ask'], { input: '?\n5\na\n' }));
    await asking;
    await postern.until(async () => (await postern.json<LogLine[]>(['log', '--limit', '10'])).length > 0, 'the row');
    for (const command of [
      ['log'],
      ['log', '--json'],
      ['apps'],
      ['apps', '--json'],
      ['rules'],
      ['history'],
      ['undo'],
    ]) {
      shown.push(await postern.cli(command));
    }
    assert.ok((await postern.json<AppView[]>(['apps'])).some(({ app }) => app.includes('evil')));
    for (const { code, stdout, stderr } of shown) {
      assert.equal(code, 0, stderr);
      assert.doesNotMatch(stdout + stderr, hostile);
    }
    assert.doesNotMatch(postern.output, hostile, 'what postern up prints');
  });
});
