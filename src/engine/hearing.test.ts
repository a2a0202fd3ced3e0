// Flows that are judged by what they say first: what passes meanwhile, and what becomes of those that say another name, or none.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Attempt } from '#model/attempt.ts';
import type { Decision } from '#model/decision.ts';
import { flowKey } from '#model/flow.ts';
import type { FirstPacket } from '#wire/firstwords/payload.ts';
import { buildInitial, cryptoFrame } from '#wire/quic/client.testing.ts';
import { testQuicCrypto } from '#wire/quic/crypto.testing.ts';
import { buildHello, inRecords, serverName } from '#wire/tls/hello.testing.ts';
import { attempt } from '../../test/dsl.ts';
import { pick } from '../../test/engine/world.ts';
import { Engine } from './engine.ts';
import { maxListened, silenceMs, wordsMs } from './limits.ts';
import type { Decider, Effect, EngineEvent, QueuedPacket } from './types.ts';

const hello = (name: string) => inRecords(buildHello([serverName(name)]));
const nothing = new Uint8Array(0);
const syn: FirstPacket = { sequence: 999, begins: true, ends: false, payload: nothing };
const data = (payload: Uint8Array, at = 0): FirstPacket => ({
  sequence: 1000 + at,
  begins: false,
  ends: false,
  payload,
});

/** Allows what is called `good`, refuses `bad`; of the rest it says `rest`, and that what flows say first may change it. */
function deciderOf(rest: Decision['action']): Decider {
  const decision = (action: Decision['action']): Decision => ({
    action,
    rule: null,
    by: 'mode',
    revision: 1,
    logged: [],
  });
  return {
    revision: 1,
    decide: ({ names }) => {
      if (names.some(({ name }) => name === 'bad.example')) return decision('reject');
      return decision(names.some(({ name }) => name === 'good.example') ? 'allow' : rest);
    },
    listens: () => true,
  };
}

class Listening {
  readonly engine: Engine;
  readonly flow: Attempt['flow'];
  process: Attempt['process'];
  attributes = true;
  now = 1_000_000;
  names: Attempt['names'] = [];
  #ids = 0;

  constructor(rest: Decision['action'], protocol: 'tcp' | 'udp' = 'tcp') {
    this.engine = new Engine({ start: 't', appKey: () => 'app', ciphers: testQuicCrypto });
    ({ flow: this.flow, process: this.process } = attempt(`curl from 5 → 192.0.2.1:443/${protocol}`));
    const settings = { mode: 'ask', failMode: 'known', forward: false, holdSeconds: 30 } as const;
    this.handle({ type: 'policy', policy: deciderOf(rest), settings });
  }

  handle(event: EngineEvent): Effect[] {
    const effects = this.engine.handle(event, this.now);
    for (const { ticket } of this.attributes ? pick(effects, 'attribute') : []) {
      const attribution = { process: this.process, evidence: [], names: this.names };
      effects.push(...this.handle({ type: 'attributed', ticket, attribution }));
    }
    return effects;
  }

  /** What becomes of the packet: its verdict, with `begin` or `end`; `held`; `cut` where its connection is. */
  send(words: FirstPacket, more: Partial<QueuedPacket> = {}, flow = this.flow): string {
    const packet = { id: ++this.#ids, flow, key: flowKey(flow), mark: 0, opens: words.begins, words, ...more };
    const effects = this.handle({ type: 'packet', packet });
    return this.read(effects);
  }

  read(effects: readonly Effect[]): string {
    const [verdict] = pick(effects, 'verdict');
    const revoked = pick(effects, 'revoke').some(({ action }) => action === 'reject');
    if (revoked) return `cut${verdict === undefined ? '' : ` ${verdict.verdict}`}`;
    return verdict === undefined ? 'held' : `${verdict.verdict} ${verdict.listen ?? ''}`.trim();
  }

  pass(ms: number): Effect[] {
    this.now += ms;
    return this.handle({ type: 'tick' });
  }
}

suite('connections', () => {
  test('an allowed one is let begin, and ends being listened to with its name', () => {
    const world = new Listening('allow');
    assert.equal(world.send(syn), 'accept begin');
    assert.equal(world.send(data(nothing)), 'accept begin', 'its acknowledgement');
    assert.equal(world.send(data(hello('good.example'))), 'accept end');
  });

  test('the name that it says refuses it, and it is cut; what is retransmitted is refused too', () => {
    const world = new Listening('allow');
    world.names = [{ name: 'good.example', from: 'dns' }];
    world.send(syn);
    assert.equal(world.send(data(hello('bad.example'))), 'cut drop');
    assert.equal(world.engine.isAllowed(flowKey(world.flow)), false);
  });

  test('pieces pass until it is known, in any order', () => {
    const world = new Listening('allow');
    const bytes = hello('bad.example');
    world.send(syn);
    assert.equal(world.send(data(bytes.subarray(0, 20))), 'accept begin');
    assert.equal(world.send(data(bytes.subarray(40), 40)), 'accept begin');
    assert.equal(world.send(data(bytes.subarray(20, 40), 20)), 'cut drop');
  });

  test('after five packets it is judged by what its address is called', () => {
    const world = new Listening('reject');
    world.names = [{ name: 'good.example', from: 'dns' }];
    world.send(syn);
    const bytes = hello('bad.example');
    const said = Array.from({ length: 5 }, (_, at) => world.send(data(bytes.subarray(at * 10, at * 10 + 10), at * 10)));
    assert.deepEqual(said, [...Array(4).fill('accept begin'), 'accept end']);
  });

  test('one that only its words could allow is let begin without a record, and allowed or cut by them', () => {
    const world = new Listening('reject');
    const packet = { id: 99, flow: world.flow, key: flowKey(world.flow), mark: 0, opens: true, words: syn };
    const effects = world.handle({ type: 'packet', packet });
    assert.equal(world.read(effects), 'accept begin');
    assert.deepEqual(pick(effects, 'connection'), []);
    assert.equal(world.send(data(hello('good.example'))), 'accept end');
    assert.deepEqual(world.pass(silenceMs), [], 'it has said something');
    assert.equal(world.send(syn), 'accept begin');
    assert.equal(world.send(data(hello('other.example'))), 'cut drop');
  });

  test('and cut when it says nothing', () => {
    const world = new Listening('reject');
    world.send(syn);
    assert.equal(world.engine.nextDeadline(), world.now + silenceMs);
    assert.deepEqual(world.pass(silenceMs - 1), []);
    const effects = world.pass(1);
    assert.equal(world.read(effects), 'cut');
    assert.equal(pick(effects, 'connection')[0]?.connection.action, 'reject');
    assert.equal(world.engine.nextDeadline(), undefined);
  });

  test('unless it is another one by now, is asked about, nothing is enforced any more, or a later policy allows it', () => {
    const asked = new Listening('ask');
    asked.send(syn);
    asked.send(data(hello('asked.example')));
    assert.deepEqual(pick(asked.pass(silenceMs), 'revoke'), []);
    assert.equal(asked.engine.prompts().length, 1);
    const off = new Listening('reject');
    off.send(syn);
    const observe = { mode: 'observe', failMode: 'known', forward: false, holdSeconds: 30 } as const;
    off.handle({ type: 'policy', policy: deciderOf('reject'), settings: observe });
    assert.deepEqual(off.pass(silenceMs), []);
    const again = new Listening('reject');
    again.send(syn);
    again.names = [{ name: 'good.example', from: 'dns' }];
    again.send({ ...syn, sequence: 5 });
    assert.deepEqual(pick(again.pass(silenceMs), 'revoke'), []);
    const later = new Listening('reject');
    later.send(syn);
    const settings = { mode: 'ask', failMode: 'known', forward: false, holdSeconds: 30 } as const;
    later.handle({ type: 'policy', policy: deciderOf('allow'), settings });
    const effects = later.pass(silenceMs);
    assert.deepEqual(pick(effects, 'revoke'), []);
    assert.equal(pick(effects, 'connection')[0]?.connection.action, 'allow');
  });

  test('a question shows the name; refused, the connection is cut, and allowed it goes on', () => {
    for (const [action, becomes] of [
      ['allow', 'accept end'],
      ['reject', 'cut drop'],
    ] as const) {
      const world = new Listening('ask');
      assert.equal(world.send(syn), 'accept begin');
      assert.equal(world.send(data(hello('asked.example'))), 'held');
      const [prompt] = world.engine.prompts();
      assert.deepEqual(prompt?.attempt.names, [{ name: 'asked.example', from: 'sni' }]);
      const answer = { action, scope: [], for: 'once' } as never;
      assert.equal(world.read(world.handle({ type: 'answer', prompt: prompt?.id ?? '', answer })), becomes);
    }
  });

  test('its words may be sent by the close of its socket: they are judged as those of who opened it', () => {
    const totals = { bytesOut: 0, bytesIn: 0, packetsOut: 1, packetsIn: 1 };
    for (const found of [undefined, { kernel: true }]) {
      const world = new Listening('reject');
      const opener = world.process;
      world.send(syn);
      world.handle({ type: 'ended', key: flowKey(world.flow), totals });
      assert.equal(world.engine.isProvisional(flowKey(world.flow)), true);
      world.process = found;
      assert.equal(world.send(data(hello('good.example'))), 'accept end');
      const again = new Listening('reject');
      again.send(syn);
      again.handle({ type: 'ended', key: flowKey(again.flow), totals });
      again.process = found;
      const packet = { id: 99, flow: again.flow, key: flowKey(again.flow), mark: 0, opens: false };
      const effects = again.handle({ type: 'packet', packet: { ...packet, words: data(hello('bad.example')) } });
      assert.equal(again.read(effects), 'cut drop');
      assert.equal(pick(effects, 'connection')[0]?.connection.attempt.process?.exe, opener?.exe);
      const silent = new Listening('reject');
      silent.send(syn);
      silent.handle({ type: 'ended', key: flowKey(silent.flow), totals });
      assert.equal(pick(silent.pass(silenceMs), 'connection').length, 1, 'and what says nothing is told of');
    }
  });

  test('data that finds no room is sent again, and ends nothing', () => {
    const world = new Listening('allow');
    world.send(syn);
    world.attributes = false;
    for (let at = 0; at < 2000; at++) world.send(syn, {}, attempt(`curl from ${at + 10} → 192.0.2.1:443/tcp`).flow);
    assert.equal(world.send(data(hello('good.example'))), 'drop');
  });

  test('where the kernel let it begin, it says with which number', () => {
    const world = new Listening('allow');
    assert.equal(world.send(data(hello('bad.example')), { began: 999 }), 'cut drop');
    const late = new Listening('allow');
    assert.equal(late.send(data(nothing)), 'accept end', 'without it nobody knows where its words begin');
  });

  test('data with the opening is judged at once (Fast Open)', () => {
    const opening = { ...syn, payload: hello('bad.example') };
    assert.equal(new Listening('allow').send(opening), 'reject');
    assert.equal(new Listening('reject').send({ ...syn, payload: hello('good.example') }), 'accept');
  });

  test('of too many, the oldest is judged by what else is known of it', () => {
    const world = new Listening('allow');
    const flows = Array.from(
      { length: maxListened + 1 },
      (_, at) => attempt(`curl from ${at + 1} → 192.0.2.1:443/tcp`).flow,
    );
    for (const flow of flows) assert.equal(world.send(syn, {}, flow), 'accept begin');
    assert.equal(world.send(data(hello('bad.example')), {}, flows[0]), 'accept end');
    assert.equal(world.send(data(hello('bad.example')), {}, flows[1]), 'cut drop');
  });
});

suite('datagrams', () => {
  const initial = async (name: string, cuts: readonly number[] = []) => {
    const message = buildHello([serverName(name)]);
    const edges = [0, ...cuts, message.length];
    return Promise.all(
      edges.slice(1).map(async (end, at) => {
        const start = edges[at] ?? 0;
        return data(await buildInitial({ frames: cryptoFrame(start, message.subarray(start, end)), number: at }));
      }),
    );
  };

  test('an Initial is judged by its name', async () => {
    for (const [name, becomes] of [
      ['good.example', 'accept'],
      ['bad.example', 'reject'],
    ] as const) {
      const [packet] = await initial(name);
      assert.equal(new Listening('reject', 'udp').send(packet as FirstPacket), becomes);
    }
  });

  test('a name in two Initials holds the first one until the second is there', async () => {
    const [first, second] = await initial('bad.example', [30]);
    const world = new Listening('allow', 'udp');
    assert.equal(world.send(first as FirstPacket), 'held');
    const effects = world.handle({
      type: 'packet',
      packet: { id: 99, flow: world.flow, key: flowKey(world.flow), mark: 0, words: second as FirstPacket },
    });
    assert.deepEqual(
      pick(effects, 'verdict').map(({ verdict, packets }) => [verdict, packets.length]),
      [['reject', 2]],
    );
  });

  test('or for a moment, or until Postern stops', async () => {
    const [first] = await initial('bad.example', [30]);
    const world = new Listening('allow', 'udp');
    world.send(first as FirstPacket);
    assert.equal(world.engine.nextDeadline(), world.now + wordsMs);
    assert.equal(world.read(world.pass(wordsMs)), 'accept');
    const stopped = new Listening('allow', 'udp');
    stopped.send(first as FirstPacket);
    assert.equal(stopped.read(stopped.handle({ type: 'stop' })), 'reject');
    const off = new Listening('allow', 'udp');
    off.send(first as FirstPacket);
    const settings = { mode: 'observe', failMode: 'known', forward: false, holdSeconds: 30 } as const;
    assert.equal(off.read(off.handle({ type: 'policy', policy: deciderOf('allow'), settings })), 'accept');
  });
});
