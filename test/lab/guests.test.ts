// Containers: a namespace of their own hides no program. Known refusals hold in the call, what is forwarded is judged as the
// program's, and no address that a host or another container gives it changes whose it is.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { LogLine, PromptView, Status } from '#model/api.ts';
import { Container, routeContainers } from './container.ts';
import { kernelPath, Lab, type Postern } from './lab.ts';
import { world } from './namespaces.ts';

const idA = 'a1'.repeat(32);
const idB = 'b2'.repeat(32);
const addressA = '10.9.1.2';
const addressB = '10.9.2.2';
const ECONNREFUSED = '111';
const EPERM = '1';

const rules = `rules:
  - { name: no-8080, action: reject, app: { container: ${idA} }, port: 8080, protocol: tcp }
  - { name: drop-444, action: drop, app: { container: ${idA} }, port: 444, protocol: tcp }
  - { name: b-stays, action: reject, app: { container: ${idB} }, to: 198.51.100.0/24 }
  - { name: from-b, action: allow, direction: forward, from: 10.9.2.0/24, to: [192.0.2.0/24, 198.51.100.0/24], protocol: tcp }
`;

/** The lab runs on both paths: with eBPF the program inside is known, and without it nobody's. */
const on = (isHere: boolean) => (name: string, body: () => Promise<void>) => {
  if (isHere) test(name, body);
};
const withPrograms = on(kernelPath !== 'none');
const withoutPrograms = on(kernelPath === 'none');

describe('containers', () => {
  let lab: Lab;
  let postern: Postern;
  let a: Container;
  let b: Container;

  before(async () => {
    lab = await Lab.create();
    routeContainers(lab);
    a = await Container.start(lab, { address: addressA, cgroup: `docker-${idA}.scope/inner/most` });
    b = await Container.start(lab, { address: addressB, cgroup: `libpod-${idB}.scope` });
  });
  afterEach(() => postern?.stop());
  after(() => lab.close());

  const gate = async () => {
    const status = await postern.json<Status>(['status']);
    assert.ok(status.gate);
    return status.gate;
  };
  /** Packets that user space saw. */
  const queued = async () => (await gate()).counters.packets;
  const prompts = () => postern.json<PromptView[]>(['prompts']);
  const asked = async (): Promise<PromptView> => {
    await postern.until(async () => (await prompts()).length > 0, 'a question');
    return (await prompts())[0] as PromptView;
  };
  const answer = async (prompt: PromptView, ...words: string[]) => {
    const done = await postern.cli(['answer', prompt.id, ...words]);
    assert.equal(done.code, 0, done.stderr);
  };
  const guard = async (options: Parameters<Lab['postern']>[0] = {}) => {
    postern = await lab.postern({ rules: { '10.yaml': rules }, args: ['--forward', '--hold', '120'], ...options });
  };
  const guardWithPrograms = async (options: Parameters<Lab['postern']>[0] = {}) => {
    await guard(options);
    const { tier, reason } = (await gate()).kernelPath;
    assert.notEqual(tier, 'none', reason);
  };
  withPrograms(
    'what is forwarded for a program that is not known is held, asked with its container, and known afterwards',
    async () => {
      await guardWithPrograms();
      const connecting = a.run(`tcp ${world.v4} 80`);
      const prompt = await asked();
      const { process, flow } = prompt.attempt;
      assert.deepEqual([process?.container, process?.pid], [idA, a.pid]);
      assert.equal(process?.cgroup?.endsWith(`docker-${idA}.scope/inner/most`), true, process?.cgroup);
      assert.deepEqual([flow.direction, flow.local?.address], ['forward', addressA]);
      await answer(prompt, 'allow', '--scope', 'app,any-destination,any-port', '--for', 'always');
      assert.equal(await connecting, 'open');
      assert.equal(await a.run(`tcp ${world.v4} 80`), 'open');
      const before = await queued();
      for (let i = 0; i < 5; i++) assert.equal(await a.run(`tcp ${world.v4} 80`), 'open');
      assert.equal(await queued(), before, 'nothing more was queued');
      assert.equal(await a.run(`udp ${world.v4} 7007`), 'echo');
      const beforeUdp = await queued();
      assert.equal(await a.run(`udp ${world.v4} 7007`), 'echo');
      assert.equal(await queued(), beforeUdp);
    },
  );

  withPrograms('what is refused is refused at the forward hook, and from then on in the call', async () => {
    await guardWithPrograms();
    assert.equal(await a.run(`tcp ${world.v4} 8080`), ECONNREFUSED);
    assert.equal(await a.run(`tcp ${world.v4} 8080`), EPERM);
    assert.equal(await a.run(`tcp ${world.others[0]} 8080`), EPERM, 'the rule does not ask for the address');
  });

  withPrograms('a rule decides before the mode, and the stricter of two rules', async () => {
    await guardWithPrograms({ mode: 'lockdown' });
    assert.equal(await b.run(`tcp ${world.v4} 80`), 'open', 'a rule allows it as forwarded');
    assert.equal(await b.run(`tcp ${world.v4} 80`), 'open');
    const before = await queued();
    assert.equal(await b.run(`tcp ${world.v4} 80`), 'open');
    assert.equal(await queued(), before, 'the sender’s address is a part of what is known');
    assert.equal(await b.run(`tcp ${world.others[0]} 80`), ECONNREFUSED, 'a rule refuses it as outgoing');
    assert.equal(await b.run(`tcp ${world.others[0]} 80`), EPERM);
    assert.equal(await a.run(`tcp ${world.v4} 80`), ECONNREFUSED, 'no rule allows it');
  });

  withPrograms('translation by the host confuses no two containers', async () => {
    await guardWithPrograms({
      mode: 'lockdown',
      rules: {
        '10.yaml': `rules: [{ name: both, action: allow, app: { container: "*" }, port: 443, log: true }, { name: b-not, action: reject, app: { container: ${idB} }, port: 80 }, { name: a-yes, action: allow, app: { container: ${idA} }, port: 80 }]`,
      },
    });
    const both = await Promise.all([a.run(`tcp ${world.v4} 443 40000`), b.run(`tcp ${world.v4} 443 40000`)]);
    assert.deepEqual(both, ['open', 'open']);
    assert.deepEqual(await Promise.all([a.run(`tcp ${world.v4} 80 40001`), b.run(`tcp ${world.v4} 80 40001`)]), [
      'open',
      ECONNREFUSED,
    ]);
    const lines = async () =>
      (await postern.json<LogLine[]>(['log'])).filter(({ attempt }) => attempt.flow.local?.port === 40000);
    await postern.until(async () => (await lines()).length === 2, 'both connections in the log');
    const whose = (await lines()).map(({ attempt }) => [attempt.flow.local?.address, attempt.process?.container]);
    assert.deepEqual(whose.sort(), [
      [addressA, idA],
      [addressB, idB],
    ]);
  });

  withPrograms('a container that sends under another one’s address is still itself', async () => {
    await guardWithPrograms({
      mode: 'lockdown',
      rules: {
        '10.yaml': `rules: [{ name: a, action: allow, app: { container: ${idA} } }, { name: b, action: reject, app: { container: ${idB} } }]`,
      },
    });
    assert.equal(await a.run(`udp ${world.v4} 7007 41000`), 'echo');
    const { datagrams } = await lab.arrived();
    await b.run(`spoof ${addressA} 41001 ${world.v4} 7007`);
    const lines = async () =>
      (await postern.json<LogLine[]>(['log'])).filter(({ attempt }) => attempt.flow.local?.port === 41001);
    await postern.until(async () => (await lines()).length > 0, 'the datagram in the log');
    const [line] = await lines();
    assert.deepEqual([line?.attempt.process?.container, line?.action, line?.rule], [idB, 'reject', 'b']);
    assert.equal((await lab.arrived()).datagrams, datagrams);
  });

  withPrograms(
    'where nothing is forwarded by rules, known refusals hold in the call and the rest passes, counted',
    async () => {
      const text = 'rules: [{ name: nobody, action: reject, port: 8080, protocol: tcp }]';
      await guardWithPrograms({ mode: 'allow', args: [], rules: { '10.yaml': text } });
      assert.equal(await a.run(`tcp ${world.v4} 8080`), 'open', 'nobody has been refused yet');
      const { code } = await lab.curl(`http://${world.v4}:8080/`);
      assert.equal(code, 7);
      // The refusal was the rule's in nft; the kernel's programs learn it when the gate has read the copy.
      await postern.until(async () => (await a.run(`tcp ${world.v4} 8080`)) === EPERM, 'refused in the call');
      const { elsewhere } = (await gate()).counters;
      assert.equal(await a.run(`tcp ${world.v4} 80`), 'open');
      assert.equal((await gate()).counters.elsewhere, elsewhere + 1);
    },
  );

  withoutPrograms('without eBPF what is forwarded has no program', async () => {
    await guard();
    const connecting = a.run(`tcp ${world.v4} 80`);
    const prompt = await asked();
    assert.equal(prompt.attempt.process, undefined);
    await answer(prompt, 'allow');
    assert.equal(await connecting, 'open');
  });
});
