// Whose the names are that answers teach, as the gate sees it: by the run that asked, by the server, over restarts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DnsCopy } from '#kernel/bpf/flows/dnscopy.ts';
import { layouts, processFlags } from '#kernel/bpf/layout.ts';
import type { Flow } from '#model/flow.ts';
import { type Address, formatAddress, parseAddress } from '#model/net/address.ts';
import type { Process } from '#model/process.ts';
import { a, buildMessage, buildQuery, types } from '#wire/dns/writer.testing.ts';
import { Names } from './names.ts';

const address = (text: string): Address => parseAddress(text) ?? assert.fail(text);
const site = address('198.51.100.7');
const server = '192.0.2.53';

/** A struct owner as the kernel's programs write it. */
function caller(pid: number, exec: bigint, parent?: { readonly pid: number; readonly exec: bigint }): Uint8Array {
  const bytes = Buffer.alloc(layouts.owner.size);
  bytes.writeUInt32LE(pid, layouts.owner.tgid);
  bytes.writeUInt32LE(1, layouts.owner.known);
  bytes.writeBigUInt64LE(exec, layouts.owner.process + layouts.process.exec);
  if (parent !== undefined) {
    bytes.writeUInt32LE(parent.pid, layouts.owner.process + layouts.process.parent_tgid);
    bytes.writeBigUInt64LE(parent.exec, layouts.owner.process + layouts.process.parent);
    bytes.writeUInt32LE(processFlags.forked, layouts.owner.process + layouts.process.flags);
  }
  return bytes;
}

function setUp(units: Readonly<Record<number, string>> = {}, resolvers: readonly string[] | undefined = [server]) {
  const changed: string[] = [];
  const clock = { now: 1_000_000 };
  /** Programs that are being found, without eBPF. */
  const finding: ((process: Process | undefined) => void)[] = [];
  const names = new Names({
    commandOf: () => undefined,
    commandOfPath: () => undefined,
    processOf: (pid): Process | undefined => (units[pid] === undefined ? undefined : { pid, unit: units[pid] }),
    runOf: () => undefined,
    forebearsOf: (pid) =>
      pid === 9
        ? [
            { pid: 8, exec: 80n },
            { pid: 7, exec: 70n },
          ]
        : [],
    forebears: (pid) =>
      pid === 9
        ? [
            { pid: 8, startTime: '80' },
            { pid: 7, startTime: '70' },
          ]
        : [],
    attribute: (_, __, done) => finding.push(done),
    onChange: (addresses) => changed.push(...addresses.map(formatAddress)),
    now: () => clock.now,
  });
  if (resolvers.length > 0) names.setResolvers(resolvers);
  let id = 0;
  /** A question and its answer, both by this run. */
  const asked = (
    run: DnsCopy['run'],
    name: string,
    to = site,
    by = server,
    more: Partial<DnsCopy> = {},
    answered: Partial<DnsCopy> = {},
  ) => {
    const flow: Flow = {
      ...{ protocol: 'udp', protocolNumber: 17, direction: 'out' },
      local: { address: address('192.0.2.1'), port: 40_000 },
      remote: { address: address(by), port: 53 },
    };
    const rest = { run, cookie: 7n, guest: false, segment: undefined, cut: false };
    id += 1;
    names.copy({ ...rest, ...more, flow, payload: Buffer.from(buildQuery(id, name)) });
    const answer = buildMessage({
      id,
      response: true,
      questions: [{ name, type: types.A }],
      answers: [a(name, to, 30)],
    });
    names.copy({ ...rest, ...more, ...answered, flow: { ...flow, direction: 'in' }, payload: Buffer.from(answer) });
  };
  const of = (who: Uint8Array | undefined, to = site) => names.namesOf(to, who).map(({ name }) => name);
  /** The same without eBPF, which does not say whose it is. */
  const askedUnowned = (name: string, port: number) => {
    const flow: Flow = {
      ...{ protocol: 'udp', protocolNumber: 17, direction: 'out' },
      local: { address: address('192.0.2.1'), port },
      remote: { address: address(server), port: 53 },
    };
    const rest = { run: undefined, cookie: undefined, guest: false, segment: undefined, cut: false };
    const sender = { uid: 0, gid: 0, caller: undefined };
    id += 1;
    names.copyUnowned({ ...rest, flow, payload: Buffer.from(buildQuery(id, name)) }, sender);
    const answer = buildMessage({
      id,
      response: true,
      questions: [{ name, type: types.A }],
      answers: [a(name, site, 30)],
    });
    names.copyUnowned({ ...rest, flow: { ...flow, direction: 'in' }, payload: Buffer.from(answer) }, sender);
  };
  return { names, asked, askedUnowned, of, changed, clock, finding };
}

describe('names in the gate', () => {
  test('a name is its asker’s, and that of children which run the same program', () => {
    const { asked, of, changed } = setUp();
    asked({ pid: 7, exec: 70n }, 'site.example');
    assert.deepEqual(of(caller(7, 70n)), ['site.example']);
    assert.deepEqual(of(caller(8, 80n, { pid: 7, exec: 70n })), ['site.example']);
    assert.deepEqual(of(caller(9, 90n, { pid: 8, exec: 80n })), ['site.example'], 'a child’s child');
    assert.deepEqual(of(caller(9, 90n)), [], 'it has executed a program');
    assert.deepEqual(of(caller(7, 71n)), [], 'the same pid with another program');
    assert.deepEqual(of(caller(9, 70n)), [], 'another pid with the same moment');
    assert.deepEqual(of(undefined), []);
    assert.deepEqual(changed, [formatAddress(site)]);
  });

  test('what the system’s resolvers ask counts for all', () => {
    const { asked, of } = setUp({ 5: 'systemd-resolved.service', 6: 'user:systemd-resolved.service' });
    asked({ pid: 5, exec: 50n }, 'site.example');
    asked({ pid: 6, exec: 60n }, 'planted.example');
    assert.deepEqual(of(caller(1, 1n)), ['site.example']);
  });

  test('what nobody was seen to ask counts for nobody, and neither does a server of one’s own choice', () => {
    const { asked, of, names } = setUp();
    asked(undefined, 'unseen.example');
    asked({ pid: 7, exec: 70n }, 'own.example', site, '203.0.113.66');
    assert.deepEqual(of(caller(7, 70n)), []);
    assert.deepEqual(of(caller(1, 1n)), []);
    const listed = names.list({ limit: 10 });
    assert.deepEqual(listed.map(({ name, ownServer }) => [name, ownServer]).sort(), [
      ['own.example', true],
      ['unseen.example', false],
    ]);
  });

  test('without eBPF, what is answered before the program is found is its own all the same, and decisions wait for that', async () => {
    const { names, askedUnowned, finding, changed } = setUp();
    const program = (startTime: string): Process => ({ pid: 7, startTime });
    const of = (process: Process) => names.namesOf(site, undefined, process).map(({ name }) => name);
    let settled = 0;
    names.settled(() => {
      settled += 1;
    });
    assert.equal(settled, 1, 'nothing waits');
    askedUnowned('one.example', 40_001);
    askedUnowned('two.example', 40_002);
    names.settled(() => {
      settled += 1;
    });
    assert.deepEqual([settled, changed.length, finding.length], [1, 0, 2]);
    finding[1]?.(program('70'));
    assert.deepEqual([settled, of(program('70'))], [1, ['two.example']]);
    finding[0]?.(undefined);
    assert.equal(settled, 2);
    assert.deepEqual(of(program('70')), ['two.example']);
    assert.deepEqual(of({ pid: 9, startTime: '90' }), ['two.example'], 'a child’s child');
    assert.deepEqual(of(program('71')), [], 'another process with this pid');
    assert.deepEqual(of({ pid: 7 }), [], 'a pid alone is never an identity');
  });

  test('over TCP it is who opened the connection, also when its socket is closed before more of it is read', () => {
    const { names, finding } = setUp();
    const flow: Flow = {
      ...{ protocol: 'tcp', protocolNumber: 6, direction: 'out' },
      local: { address: address('192.0.2.1'), port: 4 },
      remote: { address: address(server), port: 53 },
    };
    const rest = { run: undefined, cookie: undefined, guest: false, cut: false };
    const say = (direction: 'out' | 'in', sequence: number, payload: Uint8Array, begins = false) => {
      const segment = { sequence, begins, ends: false };
      const copy = { ...rest, flow: { ...flow, direction }, segment, payload: Buffer.from(payload) };
      names.copyUnowned(copy, { uid: 0, gid: 0, caller: undefined });
    };
    const framed = (message: Uint8Array) =>
      Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]);
    const nothing = new Uint8Array(0);
    say('out', 100, nothing, true);
    finding[0]?.({ pid: 7, startTime: '70' });
    say('in', 200, nothing, true);
    say('out', 101, framed(buildQuery(1, 'tcp.example')));
    const question = { name: 'tcp.example', type: types.A };
    const answers = [a('tcp.example', site, 30)];
    say('in', 201, framed(buildMessage({ id: 1, response: true, questions: [question], answers })));
    assert.equal(finding.length, 1, 'nobody is looked for again');
    const found = names.namesOf(site, undefined, { pid: 7, startTime: '70' });
    assert.deepEqual(
      found.map(({ name }) => name),
      ['tcp.example'],
    );
    say('out', 300, nothing, true);
    assert.equal(finding.length, 2, 'another connection on the same ports is another one’s');
  });

  test('a flood of questions whose programs are not found is bounded, and nothing waits for ever', async () => {
    const { names, askedUnowned, finding } = setUp();
    for (let port = 1; port <= 3000; port++) askedUnowned('flood.example', port);
    assert.equal(finding.length, 1024);
    const begun = performance.now();
    await new Promise<void>((resolve) => names.settled(resolve));
    assert.ok(performance.now() - begun < 20_000);
  });

  test('an answer to another socket, of another network namespace say, is none', () => {
    const { asked, of, names } = setUp();
    asked({ pid: 7, exec: 70n }, 'planted.example', site, server, {}, { cookie: 8n });
    assert.deepEqual(of(caller(7, 70n)), []);
    assert.equal(names.watch.counts.refused.unsolicited, 1);
  });

  test('in another network namespace a program can be any name server itself', () => {
    const { asked, of } = setUp();
    asked({ pid: 7, exec: 70n }, 'planted.example', site, server, { guest: true });
    assert.deepEqual(of(caller(7, 70n)), []);
  });

  test('names end, and what is taught for them ends with them', () => {
    const { asked, of, names, clock } = setUp();
    asked({ pid: 7, exec: 70n }, 'site.example');
    const known = names.namesOf(site, caller(7, 70n));
    assert.equal(names.lifetimeMs(site, caller(7, 70n), known), 90_000);
    assert.equal(names.lifetimeMs(site, caller(7, 70n), []), 0, 'judged without the name');
    assert.equal(names.lifetimeMs(site, caller(1, 1n), known), 0, 'judged by a name of somebody else');
    clock.now += 89_999;
    assert.deepEqual(of(caller(7, 70n)), ['site.example']);
    clock.now += 1;
    assert.deepEqual(of(caller(7, 70n)), []);
  });

  test('the next gate knows the same, and believes no other words', () => {
    const { asked, names, clock } = setUp();
    asked({ pid: 7, exec: 70n }, 'site.example');
    const kept = names.takeKept();
    assert.equal(names.takeKept(), undefined, 'nothing new');
    const next = setUp();
    next.clock.now = clock.now + 1000;
    for (const wrong of [undefined, '', '{', '[1]', '[{"name":7}]', JSON.stringify([{ name: 'x', address: 'y' }])])
      next.names.recall(wrong);
    assert.equal(next.names.book.size, 0);
    next.names.recall(kept);
    assert.deepEqual(next.of(caller(7, 70n)), ['site.example']);
    next.clock.now = clock.now + 90_000;
    assert.deepEqual(next.of(caller(7, 70n)), [], 'it ends when it said');
  });

  test('what is answered before the next gate has its first policy counts, by the name servers of before', () => {
    const before = setUp();
    const next = setUp({}, []);
    next.asked({ pid: 7, exec: 70n }, 'early.example');
    assert.deepEqual(next.of(caller(7, 70n)), [], 'no name server is known');
    next.names.recall(before.names.takeKept());
    next.asked({ pid: 7, exec: 70n }, 'site.example');
    next.asked({ pid: 7, exec: 70n }, 'own.example', site, '203.0.113.66');
    assert.deepEqual(next.of(caller(7, 70n)), ['site.example']);
  });
});
