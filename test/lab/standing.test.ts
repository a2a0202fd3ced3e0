// Connections that stand: what another program takes over by exec is judged anew, and so is everything when the rules change.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogLine, PromptView, Status } from '#model/api.ts';
import type { Mode } from '#model/mode.ts';
import { Lab, type Postern, type Talker } from './lab.ts';
import { host, world } from './namespaces.ts';

const port = '9090';
const echo = `
import selectors, socket
s = selectors.DefaultSelector()
t = socket.create_server(('0.0.0.0', ${port}), backlog=64); u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('0.0.0.0', ${port}))
for one in (t, u): s.register(one, selectors.EVENT_READ)
print('ready', flush=True)
while True:
    for key, _ in s.select():
        one = key.fileobj
        if one is t: s.register(t.accept()[0], selectors.EVENT_READ)
        elif one is u: u.sendto(*u.recvfrom(99))
        else:
            try: data = one.recv(99)
            except OSError: data = b''
            if data: one.sendall(data)
            else: s.unregister(one); one.close()
`;

describe('connections that stand', () => {
  let lab: Lab;
  let postern: Postern | undefined;
  /** What the running Postern was started with. */
  let guards = '';
  let talkers: Talker[] = [];
  const program = (name: string) => join(lab.folder, name);

  before(async () => {
    lab = await Lab.create();
    execFileSync('clang', ['-O1', '-Wall', '-o', program('keeper'), join(import.meta.dirname, 'keep.c')]);
    for (const name of ['granted', 'refused', 'stranger']) copyFileSync(program('keeper'), program(name));
    const server = lab.talker(['/usr/bin/python3', '-c', echo], { world: true });
    assert.equal(await server.next(), 'ready');
  });
  afterEach(() => {
    for (const talker of talkers) talker.end();
    talkers = [];
  });
  after(async () => {
    await stop();
    await lab.close();
  });

  async function stop(): Promise<void> {
    await postern?.stop();
    postern = undefined;
    guards = '';
  }

  /** A program with a connection that works. */
  async function keeper(
    name: string,
    kind: string,
    peer: string = world.v4,
    inWorld = false,
    at = port,
  ): Promise<Talker> {
    // The shell stays when the program leaves the connection to a child.
    const command = ['sh', '-c', '"$0" "$@"; exec sleep 60', program(name), kind, peer, at];
    const talker = lab.talker(command, { world: inWorld });
    talkers.push(talker);
    assert.match(await talker.next(), /^ready/);
    assert.equal(await talker.say(), 'works 0');
    return talker;
  }

  /** Whether it goes on, also after a packet that was on its way while it was judged; what is to be cut is soon. */
  async function becomes(talker: Talker, expected: 'works' | 'cut'): Promise<void> {
    const said: string[] = [];
    for (let tries = 0; tries < (expected === 'cut' ? 40 : 2); tries++) {
      said.push(await talker.say());
      if (said.at(-1)?.startsWith('works') !== true) break;
      await sleep(150);
    }
    assert.equal(said.at(-1)?.startsWith('works') === true ? 'works' : 'cut', expected, said.join());
  }

  /** The Postern of the test before, where it has the same rules. */
  async function start(more = '', mode: Mode = 'ask'): Promise<'btf' | 'probe' | 'none'> {
    if (postern === undefined || guards !== mode + more) {
      await stop();
      postern = await guard(more, mode);
      guards = mode + more;
    }
    return (await postern.json<Status>(['status'])).gate?.kernelPath.tier ?? 'none';
  }

  const guard = (more: string, mode: Mode) =>
    lab.postern({
      mode,
      rules: {
        '10.yaml': `
rules:
  - { name: keeper, action: allow, app: ${program('keeper')} }
  - { name: granted, action: allow, app: ${program('granted')} }
  - { name: refused, action: reject, app: ${program('refused')} }
${more}`,
      },
    });

  for (const kind of ['tcp', 'udp']) {
    for (const [heir, expected] of [
      ['granted', 'works'],
      ['refused', 'cut'],
      ['stranger', 'cut'],
    ] as const) {
      test(`${kind}: kept over exec, ${expected === 'cut' ? 'it is cut' : 'it goes on'} for the program ${heir}`, async () => {
        const tier = await start();
        const talker = await keeper('keeper', kind);
        assert.match(await talker.say(`exec ${program(heir)}`), /^ready/);
        // Without eBPF nobody sees who uses it now: what is established goes on, as the README says.
        await becomes(talker, tier === 'none' ? 'works' : expected);
      });
    }

    test(`${kind}: made by a process that has ended, it belongs to the child that has it`, async () => {
      const tier = await start();
      const talker = await keeper('keeper', kind);
      assert.match(await talker.say('fork'), /^forked/);
      await becomes(talker, 'works');
      assert.match(await talker.say(`exec ${program('refused')}`), /^ready/);
      await becomes(talker, tier === 'none' ? 'works' : 'cut');
    });
  }

  test('what a person allowed goes on in a child that runs the same program', async () => {
    const tier = await start();
    const asked = keeper('stranger', 'tcp');
    const prompts = () => postern?.json<PromptView[]>(['prompts']) ?? [];
    await postern?.until(async () => (await prompts()).length > 0, 'the question');
    const [prompt] = await prompts();
    await postern?.cli(['answer', prompt?.id ?? '', 'allow']);
    const talker = await asked;
    assert.match(await talker.say('fork'), /^forked/);
    await becomes(talker, 'works');
    assert.match(await talker.say(`exec ${program('refused')}`), /^ready/);
    await becomes(talker, tier === 'none' ? 'works' : 'cut');
  });

  test('a rule that refuses what stands cuts it, and nothing else', async () => {
    await start('  - { name: in, action: allow, direction: in, port: 9090 }\n');
    const [tcp, udp, other] = [
      await keeper('keeper', 'tcp'),
      await keeper('keeper', 'udp'),
      await keeper('granted', 'tcp'),
    ];
    const listener = lab.talker([program('granted'), 'accept', port]);
    talkers.push(listener);
    await listener.next();
    const incoming = await keeper('keeper', 'tcp', host.v4, true);
    const added = await postern?.cli(['rule', 'add', 'reject', '--app', program('keeper')]);
    assert.equal(added?.code, 0, added?.stderr);
    for (const one of [tcp, udp]) await becomes(one, 'cut');
    for (const one of [other, incoming]) await becomes(one, 'works');
    const closed = await postern?.cli(['rule', 'add', 'reject', '--direction', 'in', '--port', port]);
    assert.equal(closed?.code, 0, closed?.stderr);
    await becomes(other, 'works');
    await becomes(incoming, 'cut');
  });

  // Each on a port of its own: a listener goes with the lab.
  for (const [how, expected, at] of [
    [['exec', 'refused'], 'failed 111', '9095'],
    [['exec', 'granted'], 'works 0', '9096'],
    [['fork'], 'works 0', '9097'],
  ] as const) {
    test(`a listener left by ${how.join(' to ')} is the program's that has it: ${expected}`, async () => {
      const who = { keeper: 'allow', granted: 'allow', refused: 'reject' };
      const incoming = Object.entries(who).map(
        ([name, action]) =>
          `  - { name: in-${name}, action: ${action}, direction: in, port: [9095, 9096, 9097], app: ${program(name)} }\n`,
      );
      await start(incoming.join(''));
      const [word, heir] = how;
      const rest = heir === undefined ? [word] : [word, program(heir)];
      const command = ['sh', '-c', '"$0" "$@"; exec sleep 60', program('keeper'), 'accept', at, ...rest];
      const server = lab.talker(command);
      talkers.push(server);
      assert.match(await server.next(), /^ready/);
      // What the first ones taught must hold for the others.
      for (let round = 0; round < 3; round++) {
        const client = lab.talker([program('stranger'), 'tcp', host.v4, at], { world: true });
        talkers.push(client);
        const first = await client.next();
        assert.equal(first.startsWith('ready') ? await client.say() : first, expected);
        client.end();
      }
    });
  }

  test('what a program sent before it ended arrives', async () => {
    await start();
    const receive = `import socket, time
t = socket.create_server(('0.0.0.0', 9094)); print('ready', flush=True)
c, _ = t.accept(); time.sleep(0.5); got = 0
try:
    while True:
        part = c.recv(65536); got += len(part)
        if not part: break
        time.sleep(0.002)
except OSError as e: print(e)
print(got, flush=True)`;
    const receiver = lab.talker(['/usr/bin/python3', '-c', receive], { world: true });
    talkers.push(receiver);
    assert.equal(await receiver.next(), 'ready');
    const ran = await lab.run([program('keeper'), 'tcp', world.v4, '9094', '1000000']);
    assert.equal(ran.stdout, 'sent 1000000\n');
    assert.equal(await receiver.next(), '1000000');
    const actions = async () =>
      ((await postern?.json<LogLine[]>(['log'])) ?? [])
        .filter(({ attempt }) => attempt.flow.remote.port === 9094)
        .map(({ action }) => action);
    await postern?.until(async () => (await actions()).length > 0, 'it in the log');
    assert.deepEqual(await actions(), ['allow']);
  });

  test('a server without connections goes on answering under a new policy', async () => {
    await start('  - { name: in, action: allow, direction: in, port: [9091, 9093] }\n', 'lockdown');
    const script = `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('0.0.0.0', 9091)); print('ready', flush=True)
while True:
    d, a = s.recvfrom(99); s.sendto(d, a)`;
    const connected = script
      .replaceAll('9091', '9093')
      .replace('while', 's.connect(s.recvfrom(99, 2)[1])\nwhile')
      .replace('s.sendto(d, a)', 's.send(d)');
    for (const code of [script, connected]) {
      const server = lab.talker(['/usr/bin/python3', '-c', code]);
      talkers.push(server);
      assert.equal(await server.next(), 'ready');
    }
    const client = await keeper('keeper', 'udp', host.v4, true, '9091');
    const only = await keeper('keeper', 'udp', host.v4, true, '9093');
    const added = await postern?.cli(['rule', 'add', 'reject', '--app', program('keeper')]);
    assert.equal(added?.code, 0, added?.stderr);
    for (const one of [client, only]) await becomes(one, 'works');
    await becomes(await keeper('stranger', 'udp', host.v4, true, '9091'), 'works');
  });

  test('what stood before Postern started is judged when it goes on', async () => {
    await stop();
    const [tcp, udp, other] = [
      await keeper('refused', 'tcp'),
      await keeper('refused', 'udp'),
      await keeper('granted', 'tcp'),
    ];
    const listener = lab.talker([program('granted'), 'accept', port]);
    talkers.push(listener);
    await listener.next();
    const incoming = await keeper('keeper', 'tcp', host.v4, true);
    await start('  - { name: in, action: reject, direction: in, port: 9090 }\n');
    for (const one of [tcp, udp]) await becomes(one, 'cut');
    await becomes(other, 'works');
    await becomes(incoming, 'cut');
  });
});
