// What may teach a name, and each way to teach a wrong one: every refusal has its reason.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Endpoint } from '#model/flow.ts';
import { type Address, formatAddress, ipv4, parseAddress } from '#model/net/address.ts';
import {
  a,
  aaaa,
  buildMessage,
  buildQuery,
  cname,
  framed,
  type MessageParts,
  types,
} from '#wire/dns/writer.testing.ts';
import { type DnsQueryPacket, DnsWatch } from './dnswatch.ts';
import { NameBook } from './namebook.ts';
import { type AnswerRefusal, answerMs, answerRefusals, type DnsFlow, questionLimits } from './questions.ts';

const at = (text: string, port: number): Endpoint => ({ address: parseAddress(text) as Address, port });
const resolver = at('192.0.2.53', 53);
const local = at('192.0.2.100', 40_000);
const udp: DnsFlow = { protocol: 'udp', local, remote: resolver };
const bankAddress = ipv4(0xc6336407);
const bank = '198.51.100.7';
const name = 'bank.example';

/** A watch with its book, and a clock that stands until it is moved. */
class Scene {
  readonly book = new NameBook();
  readonly watch = new DnsWatch(this.book);
  now = 1000;

  asks(given: Partial<DnsQueryPacket> & { id?: number; name?: string; type?: number } = {}): void {
    const query = buildQuery(given.id ?? 7, given.name ?? name, given.type);
    this.watch.handleQuery({ flow: udp, payload: query, asker: 'firefox', configured: true, at: this.now, ...given });
  }

  /** An answer with the address of the bank, but for what is given. Returns the names that it taught. */
  answers(given: MessageParts = {}, flow: DnsFlow = udp): string[] {
    const questions = [{ name, type: types.A }];
    return this.receives(buildMessage({ id: 7, questions, answers: [a(name, bank)], ...given }), flow);
  }

  receives(payload: Uint8Array, flow: DnsFlow = udp): string[] {
    const changes = this.watch.handleAnswer({ flow, payload, at: this.now });
    return changes.filter(({ kind }) => kind === 'gained').map((change) => change.name);
  }

  names(asker = 'firefox', address = bankAddress): string[] {
    return this.book.namesOf(address, [asker], this.now).map((evidence) => evidence.name);
  }

  /** Exactly these refusals were counted. */
  refused(expected: Partial<Record<AnswerRefusal, number>>): void {
    const none = Object.fromEntries(answerRefusals.map((reason) => [reason, 0]));
    assert.deepEqual(this.watch.counts.refused, { ...none, ...expected });
  }
}

test('an answer to a question teaches its asker the name', () => {
  const scene = new Scene();
  scene.asks();
  assert.deepEqual(scene.answers(), [name]);
  assert.deepEqual(scene.names(), [name]);
  assert.deepEqual(scene.names('curl'), []);
  const [evidence] = scene.book.list({}, scene.now);
  assert.deepEqual(evidence, {
    name,
    address: bankAddress,
    from: 'dns',
    asker: 'firefox',
    server: '192.0.2.53:53',
    ownServer: false,
    canonical: undefined,
    since: 1000,
    until: 1000 + 300_000 + 60_000,
  });
  assert.deepEqual([scene.watch.counts.questions, scene.watch.counts.answers], [1, 1]);
  scene.refused({});
});

test('the name that was asked for is learned, with the last of the chain as canonical', () => {
  const scene = new Scene();
  scene.asks();
  scene.answers({ answers: [cname(name, 'edge.cdn.example'), a('edge.cdn.example', bank)] });
  assert.deepEqual(
    scene.book.list({}, scene.now).map((found) => [found.name, found.canonical]),
    [[name, 'edge.cdn.example']],
  );
});

test('poisoning: nobody asked', () => {
  const scene = new Scene();
  assert.deepEqual(scene.answers(), []);
  scene.refused({ unsolicited: 1 });
});

test('poisoning: from port 53 of the resolver, to another port, address or protocol of this machine', () => {
  const scene = new Scene();
  scene.asks();
  assert.deepEqual(scene.answers({}, { ...udp, local: { ...local, port: 40_001 } }), []);
  assert.deepEqual(scene.answers({}, { ...udp, local: at('192.0.2.101', 40_000) }), []);
  scene.refused({ unsolicited: 2 });
});

test('poisoning: from another server, or another port of the server', () => {
  const scene = new Scene();
  scene.asks();
  assert.deepEqual(scene.answers({}, { ...udp, remote: at('203.0.113.66', 53) }), []);
  assert.deepEqual(scene.answers({}, { ...udp, remote: { ...resolver, port: 5353 } }), []);
  scene.refused({ 'wrong-server': 2 });
  assert.deepEqual(scene.answers(), [name], 'and the question still waits');
});

test('poisoning: with another id, however many are tried', () => {
  const scene = new Scene();
  scene.asks();
  for (let id = 8; id < 1008; id++) assert.deepEqual(scene.answers({ id }), []);
  scene.refused({ 'wrong-id': 1000 });
  assert.deepEqual(scene.answers(), [name]);
});

test('poisoning: an answer of one server with the id that another was asked with', () => {
  const scene = new Scene();
  const other = { ...udp, remote: at('192.0.2.54', 53) };
  scene.asks({ id: 7 });
  scene.asks({ id: 8, flow: other });
  assert.deepEqual(scene.answers({ id: 7 }, other), []);
  scene.refused({ 'wrong-id': 1 });
});

test('poisoning: with another question, name, type or class', () => {
  const scene = new Scene();
  scene.asks({ name: 'attacker.example' });
  assert.deepEqual(scene.answers(), []);
  assert.deepEqual(scene.answers({ questions: [{ name: 'attacker.example', type: types.AAAA }] }), []);
  assert.deepEqual(scene.answers({ questions: [{ name: 'attacker.example', type: types.A, class: 3 }] }), []);
  scene.refused({ 'wrong-question': 3 });
});

test('poisoning: one label with a dot in it is another name', () => {
  const scene = new Scene();
  scene.asks({ name: 'bank\\046example' });
  assert.deepEqual(scene.answers(), []);
  scene.refused({ 'wrong-question': 1 });
});

test('poisoning: without a question, or with two', () => {
  const scene = new Scene();
  scene.asks();
  const question = { name, type: types.A };
  assert.deepEqual(scene.answers({ questions: [] }), []);
  assert.deepEqual(scene.answers({ questions: [question, question] }), []);
  scene.refused({ malformed: 2 });
});

test('poisoning: a query sent to us, another opcode, and bytes without sense', () => {
  const scene = new Scene();
  scene.asks();
  assert.deepEqual(scene.answers({ response: false }), []);
  assert.deepEqual(scene.answers({ opcode: 4 }), []);
  assert.deepEqual(scene.receives(new Uint8Array(5)), []);
  scene.refused({ malformed: 3 });
});

test('poisoning: an answer that comes late', () => {
  const scene = new Scene();
  scene.asks();
  scene.now += answerMs + 1;
  assert.deepEqual(scene.answers(), []);
  scene.refused({ late: 1 });
  scene.now += 60_000;
  assert.deepEqual(scene.answers(), []);
  scene.refused({ late: 1, unsolicited: 1 });
});

test('at the last moment it is not late', () => {
  const scene = new Scene();
  scene.asks();
  scene.now += answerMs;
  assert.deepEqual(scene.answers(), [name]);
});

test('poisoning: a second answer to the same question', () => {
  const scene = new Scene();
  scene.asks();
  scene.answers();
  assert.deepEqual(scene.answers({ answers: [a(name, '203.0.113.66')] }), []);
  scene.refused({ repeated: 1 });
  assert.deepEqual(scene.names('firefox', ipv4(0xcb007142)), []);
});

test('a question that is sent again may be answered again, and is not late', () => {
  const scene = new Scene();
  scene.asks();
  scene.now += 9000;
  scene.asks();
  scene.now += 9000;
  assert.deepEqual(scene.answers(), [name]);
  scene.asks();
  assert.deepEqual(scene.answers({ answers: [a(name, '198.51.100.8')] }), [name]);
  scene.refused({});
});

test('mixed case: an answer in any case is taken', () => {
  const scene = new Scene();
  scene.asks({ name: 'bAnK.eXaMpLe' });
  assert.deepEqual(scene.answers(), [name]);
  scene.asks();
  assert.deepEqual(
    scene.answers({
      questions: [{ name: 'BANK.example', type: types.A }],
      answers: [a('Bank.Example', '198.51.100.9')],
    }),
    [name],
  );
});

test('poisoning: addresses of other names in the answer', () => {
  const scene = new Scene();
  scene.asks({ name: 'attacker.example' });
  const questions = [{ name: 'attacker.example', type: types.A }];
  assert.deepEqual(
    scene.answers({ questions, answers: [a('attacker.example', '203.0.113.66'), a(name, '203.0.113.66')] }),
    ['attacker.example'],
  );
  assert.equal(scene.watch.counts.offChain, 1);
});

test('poisoning: addresses in the authority and additional sections', () => {
  const scene = new Scene();
  scene.asks();
  const answers = scene.answers({
    answers: [],
    authority: [a(name, bank)],
    additional: [a(name, bank), aaaa(name, '2001:db8::1')],
  });
  assert.deepEqual(answers, []);
  assert.equal(scene.watch.counts.besides, 3);
});

test('poisoning: a process’s own server says that its address is a name that another’s rule allows', () => {
  const scene = new Scene();
  const own: DnsFlow = { ...udp, remote: at('203.0.113.66', 53) };
  scene.asks({ flow: own, asker: 'malware', configured: false });
  assert.deepEqual(scene.answers({}, own), [name]);
  assert.deepEqual(scene.names('firefox'), []);
  assert.deepEqual(scene.names('malware'), [name]);
  assert.equal(scene.book.namesOf(bankAddress, ['malware'], scene.now)[0]?.ownServer, true);
});

test('poisoning: an own server, and nobody knows whose', () => {
  const scene = new Scene();
  const own: DnsFlow = { ...udp, remote: at('203.0.113.66', 53) };
  scene.asks({ flow: own, asker: undefined, configured: false });
  assert.deepEqual(scene.answers({}, own), []);
  assert.equal(scene.book.counts.unbound, 1);
});

test('what is cut off teaches nothing, and the question stays open', () => {
  const scene = new Scene();
  scene.asks();
  assert.deepEqual(scene.answers({ tc: true }), []);
  scene.refused({ truncated: 1 });
  assert.deepEqual(scene.answers(), [name]);
});

test('an error teaches nothing, whatever it brings, and answers the question', () => {
  const scene = new Scene();
  scene.asks();
  assert.deepEqual(scene.answers({ rcode: 3 }), []);
  assert.deepEqual(scene.answers(), []);
  scene.refused({ 'error-rcode': 1, repeated: 1 });
});

test('a renewal is no change', () => {
  const scene = new Scene();
  scene.asks();
  scene.answers();
  scene.asks({ id: 8 });
  const questions = [{ name, type: types.A }];
  const payload = buildMessage({ id: 8, questions, answers: [a(name, bank)] });
  assert.deepEqual(scene.watch.handleAnswer({ flow: udp, payload, at: scene.now }), []);
  assert.equal(scene.watch.counts.answers, 2);
});

test('two questions at once from one socket are each answered', () => {
  const scene = new Scene();
  scene.asks({ id: 1 });
  scene.asks({ id: 2, type: types.AAAA });
  const six = { id: 2, questions: [{ name, type: types.AAAA }], answers: [aaaa(name, '2001:db8::7')] };
  assert.deepEqual(scene.answers(six), [name]);
  assert.deepEqual(scene.answers({ id: 1 }), [name]);
  scene.refused({});
});

test('what is no question is counted', () => {
  const scene = new Scene();
  scene.asks({ payload: new Uint8Array(3) });
  scene.asks({ payload: buildMessage({ id: 7, questions: [{ name, type: types.A }] }) });
  scene.asks({ payload: buildMessage({ id: 7, response: false, opcode: 5, questions: [{ name, type: types.A }] }) });
  assert.deepEqual([scene.watch.counts.badQueries, scene.watch.counts.questions], [3, 0]);
});

test('a flood of questions by one asker forgets only its own', () => {
  const scene = new Scene();
  scene.asks();
  for (let id = 0; id < 10_000; id++) {
    const flow = { ...udp, local: { ...local, port: 1024 + (id % 30_000) } };
    scene.asks({ flow, asker: 'flood', id, name: `r${id}.example` });
  }
  assert.equal(scene.watch.losses.questions, 10_000 - questionLimits.perOwner);
  assert.deepEqual(scene.answers(), [name]);
});

const tcp: DnsFlow = { ...udp, protocol: 'tcp' };
const empty = new Uint8Array(0);

/** Both directions of a connection, each with its sequence number. */
class Wire {
  readonly #scene: Scene;
  readonly #flow: DnsFlow;
  readonly #asker: string;
  out = 100;
  back = 0xffff_ffff;

  constructor(scene: Scene, flow: DnsFlow = tcp, asker = 'firefox') {
    this.#scene = scene;
    this.#flow = flow;
    this.#asker = asker;
    this.asks(empty, { begins: true });
    this.answers(empty, { begins: true });
  }

  asks(payload: Uint8Array, { begins = false, ends = false } = {}): void {
    const segment = { sequence: this.out, begins, ends };
    const { now } = this.#scene;
    this.#scene.watch.handleQuery({
      flow: this.#flow,
      payload,
      segment,
      asker: this.#asker,
      configured: true,
      at: now,
    });
    this.out = (this.out + payload.length + (begins ? 1 : 0)) >>> 0;
  }

  answers(payload: Uint8Array, { begins = false, ends = false } = {}): string[] {
    const segment = { sequence: this.back, begins, ends };
    const changes = this.#scene.watch.handleAnswer({ flow: this.#flow, payload, segment, at: this.#scene.now });
    this.back = (this.back + payload.length + (begins ? 1 : 0)) >>> 0;
    return changes.map((change) => change.name);
  }
}

const answer = (id: number, host: string, to: string) =>
  buildMessage({ id, questions: [{ name: host, type: types.A }], answers: [a(host, to)] });

test('over TCP: questions and answers in pieces, out of order of each other', () => {
  const scene = new Scene();
  const wire = new Wire(scene);
  const asked = framed(buildQuery(1, name), buildQuery(2, 'www.example'));
  wire.asks(asked.subarray(0, 10));
  wire.asks(asked.subarray(10));
  const answered = framed(answer(2, 'www.example', '198.51.100.8'), answer(1, name, bank));
  assert.deepEqual(wire.answers(answered.subarray(0, 1)), []);
  assert.deepEqual(wire.answers(answered.subarray(1)), ['www.example', name]);
  scene.refused({});
});

test('over TCP: the answer that UDP cut off', () => {
  const scene = new Scene();
  scene.asks();
  scene.answers({ tc: true });
  const wire = new Wire(scene);
  wire.asks(framed(buildQuery(7, name)));
  assert.deepEqual(wire.answers(framed(answer(7, name, bank))), [name]);
});

test('over TCP: an answer to a question of UDP, and one of another connection, is none', () => {
  const scene = new Scene();
  scene.asks();
  const wire = new Wire(scene);
  assert.deepEqual(wire.answers(framed(answer(7, name, bank))), []);
  const other = new Wire(scene, { ...tcp, local: { ...local, port: 40_002 } });
  other.asks(framed(buildQuery(7, name)));
  assert.deepEqual(wire.answers(framed(answer(7, name, bank))), []);
  scene.refused({ unsolicited: 2 });
});

test('over TCP: poisoning by a text that looks like an answer, in a connection whose beginning was not seen', () => {
  const scene = new Scene();
  const segment = { sequence: 5000, begins: false, ends: false };
  const query = framed(buildQuery(7, name));
  scene.watch.handleQuery({ flow: tcp, payload: query, segment, asker: 'firefox', configured: true, at: scene.now });
  scene.watch.handleAnswer({ flow: tcp, payload: framed(answer(7, name, bank)), segment, at: scene.now });
  assert.deepEqual(scene.names(), []);
  assert.equal(scene.watch.losses.streams['joined-late'], 2);
});

test('over TCP: ports that are used again are another connection', () => {
  const scene = new Scene();
  const first = new Wire(scene);
  first.asks(framed(buildQuery(1, name)).subarray(0, 5), { ends: true });
  first.answers(empty, { ends: true });
  const second = new Wire(scene, tcp, 'curl');
  second.asks(framed(buildQuery(2, name)));
  assert.deepEqual(second.answers(framed(answer(2, name, bank))), [name]);
  assert.deepEqual(scene.names('curl'), [name]);
  assert.deepEqual(scene.names('firefox'), []);
});

test('over TCP: a connection is of whoever opened it last, and one that nobody opened takes no room', () => {
  const scene = new Scene();
  new Wire(scene);
  for (let port = 0; port < 20; port++) new Wire(scene, { ...tcp, local: { ...local, port } }, 'curl');
  // The same ports again, and the end of the first was not seen.
  const again = new Wire(scene, tcp, 'curl');
  again.asks(framed(buildQuery(1, name)));
  assert.deepEqual(again.answers(framed(answer(1, name, bank))), [name]);
  assert.deepEqual(scene.names('curl'), [name]);
  assert.equal(scene.watch.losses.connections, 5, 'it counts as one of those of curl, who may have 16');
  const segment = { sequence: 1, begins: false, ends: false };
  for (let port = 100; port < 400; port++) {
    const flow = { ...tcp, local: { ...local, port } };
    scene.watch.handleQuery({ flow, payload: empty, segment, asker: 'curl', configured: true, at: scene.now });
  }
  assert.equal(scene.watch.losses.connections, 5);
});

test('over TCP: many connections of one asker do not end those of another', () => {
  const scene = new Scene();
  const wire = new Wire(scene);
  for (let port = 0; port < 1000; port++) new Wire(scene, { ...tcp, local: { ...local, port } }, 'flood');
  assert.equal(scene.watch.losses.connections, 1000 - 16);
  wire.asks(framed(buildQuery(1, name)));
  assert.deepEqual(wire.answers(framed(answer(1, name, bank))), [name]);
});

test('over TCP: a length that cannot be is said once, and nothing after it counts', () => {
  const scene = new Scene();
  const wire = new Wire(scene);
  wire.asks(framed(buildQuery(1, name)));
  wire.answers(Uint8Array.from([0, 3]));
  wire.answers(framed(answer(1, name, bank)));
  assert.deepEqual(scene.names(), []);
  assert.equal(scene.watch.losses.streams['bad-length'], 1);
});

test('whatever answers come, only the right one teaches', () => {
  const chance = fc.integer({ min: 0, max: 3 }).map((one) => one === 0);
  const forgery = fc.record({
    id: chance,
    server: chance,
    port: chance,
    host: chance,
    type: chance,
    late: chance,
    response: chance,
    rcode: chance,
    to: fc.integer({ min: 1, max: 254 }),
  });
  fc.assert(
    fc.property(fc.array(forgery, { maxLength: 12 }), (forgeries) => {
      const scene = new Scene();
      scene.asks();
      let answered = false;
      let late = false;
      for (const { id, server, port, host, type, late: waits, response, rcode, to } of forgeries) {
        if (waits) {
          scene.now += answerMs + 1;
          late = true;
        }
        const right = ![id, server, port, host, type, response].includes(true);
        const flow = {
          ...udp,
          remote: server ? at('203.0.113.66', 53) : resolver,
          local: port ? { ...local, port: 1 } : local,
        };
        const questions = [{ name: host ? 'attacker.example' : name, type: type ? types.AAAA : types.A }];
        const answers = [a(name, ipv4(0xcb007100 + to)), aaaa(name, '2001:db8::1')];
        scene.answers({ id: id ? 8 : 7, questions, answers, response: !response, rcode: rcode ? 2 : 0 }, flow);
        const taught = scene.book.list({ name }, scene.now).map((found) => formatAddress(found.address));
        if (right && !answered && !late) {
          answered = true;
          assert.deepEqual(taught, rcode ? [] : [`203.0.113.${to}`]);
        }
        assert.ok(taught.length <= 1);
        if (!answered) assert.deepEqual(taught, []);
      }
      const { refused, answers } = scene.watch.counts;
      const counted = Object.values(refused).reduce((sum, count) => sum + count, answers);
      assert.equal(counted, forgeries.length, 'each is either taken or has its reason');
    }),
    { numRuns: 1000 },
  );
});
