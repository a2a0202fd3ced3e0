// kill -9 of the gate, of the control plane, of both and of everything, in each fail mode: what passes is what the mode says.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import type { PromptView, Status } from '#model/api.ts';
import { type FailMode, failModes } from '#model/mode.ts';
import { Lab, type Postern } from './lab.ts';
import { world } from './namespaces.ts';

const dialler = join(import.meta.dirname, 'dialler.py');
const address = world.v4;

// Port 443 the kernel allows by itself, port 8080 it refuses by itself, curl on port 80 needs the gate, the rest is asked.
const rules = `
rules:
  - { name: web, action: allow, port: 443, protocol: tcp, priority: 20 }
  - { name: no-8080, action: reject, port: 8080, protocol: tcp, priority: 20 }
  - { name: curl, action: allow, app: /usr/bin/curl }
`;
/** Questions are open until the test is over. */
const args = ['--hold', '120'];
const echo = '  - { name: echo, action: allow, port: 7007, protocol: udp, app: { path: "/usr/bin/python3*" } }\n';

describe('crashes', () => {
  let lab: Lab;
  let postern: Postern;

  before(async () => {
    lab = await Lab.create();
  });
  afterEach(() => postern?.stop());
  after(() => lab.close());

  const get = (port: number, maxSeconds = 20) => lab.curl(`http://${address}:${port}/`, { maxSeconds });
  const prompts = () => postern.json<PromptView[]>(['prompts']);
  /** A connection that stays, and tells with each line that it still works. */
  async function talk() {
    const script = `import socket,sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('${address}', 7007)); s.settimeout(10)
for line in sys.stdin:
    try: s.send(b'hi'); s.recv(9); print('works', flush=True)
    except OSError as e: print(e, flush=True)`;
    return lab.talker(['/usr/bin/python3', '-c', script]);
  }

  /**
   * 300 new connections a second for four seconds to the port that the kernel itself allows; given once they come. The result
   * says how many were made, and failed.
   */
  async function underLoad(): Promise<() => Promise<[number, number]>> {
    const arrived = async () => (await lab.arrived()).connections;
    const before = await arrived();
    const load = lab.run(['/usr/bin/python3', dialler, 'rate', address, '443', '300', '4'], { timeoutMs: 180_000 });
    await postern.until(async () => (await arrived()) >= before + 100, 'a hundred of the load');
    return async () => {
      const { stdout, stderr } = await load;
      assert.notEqual(stdout, '', stderr);
      const { done, failed } = JSON.parse(stdout) as { done: number; failed: number };
      return [done, failed];
    };
  }

  /** A gate that is long in coming back finds nothing to ask in `open`: the unknown passed meanwhile. */
  const askedAgain = (count: number, fail: FailMode) =>
    fail === 'open' && /no gate for 3 seconds/.test(postern.output) ? 0 : count;

  for (const fail of failModes) {
    test(`fail mode ${fail}: the gate is killed under load, and nothing explicit changes`, async () => {
      postern = await lab.postern({ fail, args, rules: { '10.yaml': rules + echo } });
      const held = lab.spawn(['/usr/bin/python3', dialler, 'hang', address, '9000', '3']);
      await once(held.stdout as NodeJS.ReadableStream, 'data');
      await postern.until(async () => (await prompts()).length === 3, 'three questions');
      const conversation = await talk();
      assert.equal(await conversation.say(), 'works');
      const load = await underLoad();
      const before = postern.child('gate');
      postern.kill9('gate');
      assert.equal(await conversation.say(), 'works', 'what is established goes on');
      assert.equal((await get(8080)).code, 7, 'what a rule refuses stays refused');
      assert.equal((await get(80)).code, 0, 'what a rule allows is allowed, at the latest when the gate is back');
      await postern.until(() => postern.hasAnother('gate', before), 'another gate');
      await postern.until(
        async () => (await prompts()).length === askedAgain(3, fail),
        'the open questions asked again',
      );
      assert.deepEqual(await load(), [1200, 0]);
      assert.equal(await conversation.say(), 'works');
      conversation.end();
      held.stdin?.end();
    });
  }

  for (const fail of failModes) {
    test(`fail mode ${fail}: the control plane is killed under load, and the gate goes on with its policy`, async () => {
      postern = await lab.postern({ fail, args, rules: { '10.yaml': rules } });
      const held = lab.spawn(['/usr/bin/python3', dialler, 'hang', address, '9000', '2']);
      await once(held.stdout as NodeJS.ReadableStream, 'data');
      await postern.until(async () => (await prompts()).length === 2, 'two questions');
      const ids = (await prompts()).map(({ id }) => id);
      const load = await underLoad();
      postern.kill9('control');
      assert.equal((await get(80)).code, 0);
      assert.equal((await get(8080)).code, 7);
      await postern.until(async () => {
        const ran = await postern.cli(['prompts', '--json']);
        return ran.code === 0 && JSON.parse(ran.stdout).length === 2;
      }, 'the control plane back with the questions');
      assert.deepEqual(
        (await prompts()).map(({ id }) => id),
        ids,
        'they are the same questions',
      );
      assert.equal((await postern.cli(['answer', ids[0] as string, 'allow'])).code, 0);
      assert.deepEqual(await load(), [1200, 0]);
      held.stdin?.end();
    });

    test(`fail mode ${fail}: both are killed under load, and both come back with the questions`, async () => {
      postern = await lab.postern({ fail, args, rules: { '10.yaml': rules } });
      const held = lab.spawn(['/usr/bin/python3', dialler, 'hang', address, '9000', '2']);
      await once(held.stdout as NodeJS.ReadableStream, 'data');
      await postern.until(async () => (await prompts()).length === 2, 'two questions');
      const load = await underLoad();
      const [gate, control] = [postern.child('gate'), postern.child('control')];
      postern.kill9('gate');
      process.kill(control, 'SIGKILL');
      assert.equal((await get(8080)).code, 7);
      assert.equal((await get(443)).code, 0);
      assert.equal((await get(80)).code, 0);
      await postern.until(() => postern.hasAnother('gate', gate) && postern.hasAnother('control', control), 'both');
      await postern.until(async () => {
        const ran = await postern.cli(['prompts', '--json']);
        return ran.code === 0 && JSON.parse(ran.stdout).length === askedAgain(2, fail);
      }, 'the open questions asked again');
      assert.deepEqual(await load(), [1200, 0]);
      held.stdin?.end();
    });
  }

  /** One datagram, which nobody sends again, and what comes back. */
  const datagram = (seconds: number) =>
    lab.run([
      '/usr/bin/python3',
      '-c',
      `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(${seconds}); s.sendto(b'hi', ('${address}', 7007)); s.recv(9)`,
    ]);
  const question = async (): Promise<string> => {
    await postern.until(async () => (await prompts()).length === 1, 'the question');
    return (await prompts())[0]?.id as string;
  };
  const heldLost = async () => (await postern.json<Status>(['status'])).gate?.counters.heldLost;

  test('a datagram that came while the gate was away is judged by the next one, and goes its way', async () => {
    postern = await lab.postern({ rules: { '10.yaml': rules } });
    postern.kill9('gate');
    const sent = datagram(20);
    assert.equal((await postern.cli(['answer', await question(), 'allow'])).code, 0);
    assert.equal((await sent).code, 0);
    assert.equal(await heldLost(), 0);
  });

  test('what the kernel drops while it is held, as another firewall takes a table away, is counted', async () => {
    postern = await lab.postern({ rules: { '10.yaml': rules } });
    const sent = datagram(4);
    const id = await question();
    for (const text of [
      'add table ip other { chain c { type filter hook output priority 5; }; }',
      'delete table ip other',
    ])
      assert.equal((await lab.run(['nft', text])).code, 0);
    assert.equal((await postern.cli(['answer', id, 'allow'])).code, 0);
    await postern.until(async () => (await heldLost()) === 1, 'the loss');
    assert.notEqual((await sent).code, 0);
  });

  /** Without anybody who judges: curl's exit codes for what the kernel allows, what it refuses, and what takes the gate. */
  const alone = {
    open: { web: 0, refused: 7, unknown: 0 },
    known: { web: 0, refused: 7, unknown: 28 },
    closed: { web: 28, refused: 7, unknown: 28 },
  } as const;
  type Codes = Readonly<Record<'web' | 'refused' | 'unknown', number>>;
  /** What hangs is waited for no longer than it takes to see that. */
  async function become(expected: Codes): Promise<void> {
    const code = async (port: number, wanted: number) => (await get(port, wanted === 28 ? 2 : 20)).code;
    const { web, refused, unknown } = expected;
    const found = {
      web: await code(443, web),
      refused: await code(8080, refused),
      unknown: await code(80, unknown),
    };
    assert.deepEqual(found, expected);
  }

  for (const fail of failModes) {
    test(`fail mode ${fail}: the gate stays away while the supervisor lives, and the kernel goes on as the mode says`, async () => {
      postern = await lab.postern({ fail, args, rules: { '10.yaml': rules + echo } });
      const conversation = await talk();
      assert.equal(await conversation.say(), 'works');
      const held = lab.spawn(['/usr/bin/python3', dialler, 'hang', address, '9000', '2']);
      await once(held.stdout as NodeJS.ReadableStream, 'data');
      await postern.until(async () => (await prompts()).length === 2, 'two questions');
      const letBack = postern.keepAway('gate');
      try {
        await postern.until(
          () => /no gate for 3 seconds: the fail mode (\w+)/.test(postern.output),
          'the queue given up',
        );
        await become(alone[fail]);
        assert.equal(await conversation.say(), 'works', 'what is established goes on');
        assert.equal((await postern.json<Status>(['status'])).gate, null, 'and it is said that there is no gate');
      } finally {
        letBack();
      }
      const judges = async () => ((await postern.json<Status>(['status'])).gate?.revision ?? 0) > 0;
      await postern.until(judges, 'a gate with its policy');
      await become({ web: 0, refused: 7, unknown: 0 });
      assert.equal(await conversation.say(), 'works');
      // In `open` the unknown passed meanwhile, and there is nothing to be asked any more.
      const again = async () =>
        (await prompts()).filter(({ attempt }) => (attempt.flow.remote.port ?? 0) >= 9000).length;
      await postern.until(async () => (await again()) === (fail === 'open' ? 0 : 2), 'the questions asked again');
      conversation.end();
      held.stdin?.end();
    });
  }

  for (const fail of failModes) {
    test(`fail mode ${fail}: everything is killed under load, and the kernel goes on as the mode says`, async () => {
      postern = await lab.postern({ fail, args, rules: { '10.yaml': rules } });
      assert.equal((await get(80)).code, 0);
      // What the kernel has learnt, it knows without anybody: the port of the load, and curl.
      const learnt = { web: 0, refused: 7, unknown: 0 };
      const expected = (await postern.decidesInKernel()) ? learnt : alone[fail];
      const load = await underLoad();
      await postern.kill9All();
      await become(expected);
      await postern.start();
      await become({ web: 0, refused: 7, unknown: 0 });
      assert.deepEqual(await load(), [1200, 0], 'none was refused, only held up');
      assert.equal(await postern.stop(), 0);
      const left = await lab.run(['nft', 'list', 'ruleset']);
      assert.equal(left.stdout, '', 'nothing is left behind');
    });
  }
});
