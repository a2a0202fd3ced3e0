// The stub with real sockets and a name server made for the test: what it sends, what it believes, and what it gives up when.
import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAddress } from '#model/net/address.ts';
import { type DnsMessage, parseDnsMessage } from '#wire/dns/message.ts';
import { formatQuery } from '#wire/dns/query.ts';
import { a, buildMessage, framed, type MessageParts, types } from '#wire/dns/writer.testing.ts';
import { DnsFrames } from './frames.ts';
import type { DnsStubPlan, Upstream } from './plan.ts';
import { DnsStub } from './stub.ts';
import { maxConnections } from './tcpdoor.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const at = (text: string) => parseAddress(text) ?? assert.fail();
const loopback = at('127.0.0.1');
/** What a question is answered with, beside the question and its number; undefined: nothing. */
type Script = (asked: DnsMessage, by: 'udp' | 'tcp') => MessageParts | Uint8Array | undefined;

interface FakeServer extends Upstream {
  readonly questions: { readonly bytes: Uint8Array; readonly by: 'udp' | 'tcp'; readonly from: number }[];
}

/** A name server at a port of its own. */
async function server(script: Script, host = '127.0.0.1'): Promise<FakeServer> {
  const questions: FakeServer['questions'] = [];
  const answer = (bytes: Uint8Array, by: 'udp' | 'tcp', from: number) => {
    questions.push({ bytes: Uint8Array.from(bytes), by, from });
    const asked = parseDnsMessage(bytes);
    assert.ok(asked.ok);
    const said = script(asked.value, by);
    if (said === undefined || said instanceof Uint8Array) return said;
    return buildMessage({ id: asked.value.id, questions: [asked.value.question], ...said });
  };
  const udp = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  udp.on('message', (bytes: Uint8Array, { port, address }: RemoteInfo) => {
    const said = answer(bytes, 'udp', port);
    if (said !== undefined) udp.send(said, port, address);
  });
  udp.bind(0, host);
  await once(udp, 'listening');
  const { port } = udp.address();
  const tcp = createServer((socket) => {
    const frames = new DnsFrames();
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      for (const bytes of frames.take(chunk)) {
        const said = answer(bytes, 'tcp', socket.remotePort ?? 0);
        if (said !== undefined) socket.write(framed(said));
      }
    });
  });
  tcp.listen(port, host);
  await once(tcp, 'listening');
  closers.push(() => closeBoth(udp, tcp));
  return { address: at(host), port, questions };
}

async function closeBoth(udp: UdpSocket, tcp: Server): Promise<void> {
  udp.close();
  tcp.close();
  await sleep(0);
}

/** A port where nobody is. */
async function nobody(): Promise<Upstream> {
  const udp = createSocket('udp4').bind(0, '127.0.0.1');
  await once(udp, 'listening');
  const { port } = udp.address();
  udp.close();
  return { address: loopback, port };
}

async function stub(
  upstreams: readonly Upstream[],
  more: Partial<DnsStubPlan> = {},
  address = loopback,
): Promise<{ stub: DnsStub; told: string[] }> {
  const told: string[] = [];
  const plan: DnsStubPlan = {
    upstreams,
    allows: (name) => name.endsWith('example.com'),
    learned: async () => {},
    refused: ({ name, type, reason }) => told.push(`refused ${name} ${type} ${reason}`),
    answered: ({ name, type }) => told.push(`answered ${name} ${type}`),
    now: () => performance.now(),
    ...more,
  };
  const made = await DnsStub.listen(plan, { address }, { wholeMs: 600, nextMs: 150 });
  assert.ok(made.ok, JSON.stringify(made));
  closers.push(() => made.value.close());
  return { stub: made.value, told };
}

async function ask(port: number, query: Uint8Array, host = '127.0.0.1'): Promise<DnsMessage & { bytes: number }> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    const answered = once(socket, 'message', { signal: AbortSignal.timeout(4000) });
    socket.send(query, port, host);
    const [bytes] = await answered;
    const message = parseDnsMessage(bytes);
    assert.ok(message.ok, JSON.stringify(message));
    return { ...message.value, bytes: bytes.length };
  } finally {
    socket.close();
  }
}

const query = (name = 'www.example.com', parts: MessageParts = {}) =>
  buildMessage({ id: 4711, response: false, questions: [{ name, type: types.A }], ...parts });
const right: Script = ({ question }) => ({ answers: [a(question.name, '192.0.2.1')] });

test('a question of our own is sent: another number, another port each time, small letters, nothing of the client', async () => {
  const up = await server(right);
  const { stub: made } = await stub([up]);
  const secret = [0, 10, 0, 8, ...Buffer.from('smuggled'), 0xfd, 0xe9, 0, 8, ...Buffer.from('smuggled')];
  const opt = { owner: '.', type: types.OPT, class: 4000, ttl: 0x8000, data: [secret] };
  for (let count = 0; count < 20; count++) {
    const answer = await ask(made.port, query('WwW.eXample.COM', { additional: [opt] }));
    assert.deepEqual([answer.id, answer.rcode, answer.records.length], [4711, 0, 1]);
  }
  const ids = up.questions.map(({ bytes }) => ((bytes[0] as number) << 8) | (bytes[1] as number));
  assert.ok(new Set(ids).size >= 19 && !ids.includes(4711), String(ids));
  assert.ok(new Set(up.questions.map(({ from }) => from)).size >= 18, 'ports');
  for (const [at, { bytes }] of up.questions.entries()) {
    assert.deepEqual([...bytes], [...formatQuery(ids[at] as number, { name: 'www.example.com', type: types.A })]);
  }
});

test('what is no answer to the question is not believed: another number, another name, another type, a question', async () => {
  const up = await server(({ id, question }) => {
    const send = (parts: MessageParts) => buildMessage({ id, questions: [question], ...parts });
    const bad = a(question.name, '203.0.113.66');
    if (question.name === 'id.example.com') return send({ id: id ^ 1, answers: [bad] });
    if (question.name === 'name.example.com')
      return send({ questions: [{ name: 'x.example.com', type: 1 }], answers: [bad] });
    if (question.name === 'type.example.com') return send({ questions: [{ ...question, type: 28 }], answers: [bad] });
    return send({ response: false, answers: [bad] });
  });
  const { stub: made, told } = await stub([up]);
  for (const name of ['id', 'name', 'type', 'question']) {
    const answer = await ask(made.port, query(`${name}.example.com`));
    assert.deepEqual([answer.rcode, answer.records], [2, []], name);
    assert.equal(told.at(-1), `refused ${name}.example.com A upstream`);
  }
});

test('an answer from another address or port than was asked is not believed', async () => {
  const other = createSocket('udp4').bind(0, '127.0.0.2');
  closers.push(() => other.close());
  await once(other, 'listening');
  let from = 0;
  const up = await server(({ id, question }) => {
    const forged = buildMessage({ id, questions: [question], answers: [a(question.name, '203.0.113.66')] });
    from = up.questions.at(-1)?.from ?? 0;
    other.send(forged, from, '127.0.0.1');
    return undefined;
  });
  const { stub: made } = await stub([up]);
  assert.equal((await ask(made.port, query())).rcode, 2);
  assert.ok(from > 0);
});

test('the next server is asked when one is silent, refuses or is not there, and what failed comes last for a while', async () => {
  const silent = await server(() => undefined);
  const refusing = await server(() => ({ rcode: 5 }));
  const good = await server(right);
  const began = performance.now();
  const { stub: made } = await stub([await nobody(), refusing, silent, good]);
  assert.equal((await ask(made.port, query())).records.length, 1);
  const spent = performance.now() - began;
  assert.ok(spent >= 145, `${spent} ms`);
  const counts = [refusing, silent, good].map(({ questions }) => questions.length);
  assert.deepEqual(counts, [1, 1, 1]);
  assert.equal((await ask(made.port, query())).records.length, 1);
  assert.deepEqual(
    [refusing, silent, good].map(({ questions }) => questions.length),
    [1, 1, 2],
  );
});

test('one that is silent is asked again, and given up after its time', async () => {
  const silent = await server(() => undefined);
  const { stub: made, told } = await stub([silent]);
  const began = performance.now();
  assert.equal((await ask(made.port, query())).rcode, 2);
  const spent = performance.now() - began;
  assert.ok(spent >= 590 && spent < 15_000, `${spent} ms`);
  assert.ok(silent.questions.length >= 2 && silent.questions.length <= 5);
  assert.deepEqual(told, ['refused www.example.com A upstream']);
  const none = await stub([]);
  assert.equal((await ask(none.stub.port, query())).rcode, 2, 'without any server');
});

test('an answer that is truncated is asked for by TCP; and given so to who cannot take it, until he asks by TCP', async () => {
  const many = (name: string) => Array.from({ length: 100 }, (_, at) => a(name, `192.0.2.${at}`));
  const up = await server(({ question }, by) => (by === 'udp' ? { tc: true } : { answers: many(question.name) }));
  const { stub: made } = await stub([up]);
  const plain = await ask(made.port, query());
  assert.deepEqual([plain.truncated, plain.records.length], [true, 0]);
  assert.ok(plain.bytes <= 512);
  const opt = { owner: '.', type: types.OPT, class: 4096, ttl: 0, data: [] };
  assert.equal((await ask(made.port, query('www.example.com', { additional: [opt] }))).records.length, 100);
  assert.deepEqual(
    up.questions.map(({ by }) => by),
    ['udp', 'tcp', 'udp', 'tcp'],
  );
  const [first] = await askByTcp(made.port, [query()]);
  assert.equal(first?.records.length, 100);
});

test('nonsense by TCP from a server is no answer', async () => {
  const broken = await server(({ id }, by) => (by === 'udp' ? { tc: true } : Uint8Array.of(id >>> 8, id & 255, 1)));
  const { stub: made } = await stub([broken]);
  assert.equal((await ask(made.port, query())).rcode, 2);
});

async function askByTcp(port: number, queries: readonly Uint8Array[], pieces = 1): Promise<DnsMessage[]> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const all = framed(...queries);
  const size = Math.ceil(all.length / pieces);
  for (let from = 0; from < all.length; from += size) {
    socket.write(all.subarray(from, from + size));
    if (pieces > 1) await sleep(2);
  }
  socket.end();
  const frames = new DnsFrames();
  const messages: DnsMessage[] = [];
  for await (const chunk of socket) {
    for (const bytes of frames.take(chunk)) {
      const message = parseDnsMessage(bytes);
      assert.ok(message.ok);
      messages.push(message.value);
    }
  }
  return messages;
}

test('by TCP many questions at once, in whatever pieces, and each is answered though the asker closed his half', async () => {
  const up = await server(right);
  const { stub: made } = await stub([up]);
  const queries = Array.from({ length: 200 }, (_, id) => query(`n${id}.example.com`, { id }));
  for (const pieces of [1, 60]) {
    const answers = await askByTcp(made.port, queries, pieces);
    assert.deepEqual(
      answers.map(({ id }) => id).sort((one, other) => one - other),
      queries.map((_, id) => id),
    );
    assert.ok(
      answers.every(({ records, id, question }) => records.length === 1 && question.name === `n${id}.example.com`),
    );
  }
});

test('a quick answer does not wait for a slow one of the same connection', async () => {
  const up = await server((asked) => (asked.question.name === 'slow.example.com' ? undefined : right(asked, 'udp')));
  const { stub: made } = await stub([up]);
  const answers = await askByTcp(made.port, [
    query('slow.example.com', { id: 1 }),
    query('www.example.com', { id: 2 }),
  ]);
  assert.deepEqual(
    answers.map(({ id, rcode }) => [id, rcode]),
    [
      [2, 0],
      [1, 2],
    ],
  );
});

test('what is no message ends the connection, and so do too many connections', async () => {
  const up = await server(right);
  const { stub: made } = await stub([up]);
  const nonsense = connect(made.port, '127.0.0.1');
  nonsense.end(Uint8Array.of(0, 3, 1, 2, 3));
  nonsense.resume();
  await once(nonsense, 'close');
  const open: Socket[] = [];
  const ended: Socket[] = [];
  for (let count = 0; count < maxConnections + 10; count++) {
    const socket = connect(made.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('close', () => ended.push(socket));
    socket.resume();
    open.push(socket);
    await once(socket, 'connect');
  }
  for (const end = performance.now() + 30_000; ended.length < 10 && performance.now() < end; ) await sleep(10);
  await sleep(50);
  assert.equal(ended.length, 10);
  for (const socket of open) socket.destroy();
  // The other end hears of it a moment later.
  const isAnswered = async () => (await askByTcp(made.port, [query()])).length === 1;
  let answered = false;
  for (const end = performance.now() + 30_000; !answered && performance.now() < end; await sleep(10)) {
    answered = await isAnswered().catch(() => false);
  }
  assert.ok(answered, 'and there is room again');
});

test('by IPv6, with a server that is there', async () => {
  const up = await server(right, '::1');
  const { stub: made } = await stub([up], {}, at('::1'));
  assert.equal((await ask(made.port, query(), '::1')).records.length, 1);
});

test('what is no question by UDP: a code or silence, and it goes on', async () => {
  const up = await server(right);
  const { stub: made, told } = await stub([up]);
  const socket = createSocket('udp4');
  closers.push(() => socket.close());
  for (const bytes of [new Uint8Array(0), Uint8Array.of(1), buildMessage({ questions: [{ name: 'x', type: 1 }] })]) {
    socket.send(bytes, made.port, '127.0.0.1');
  }
  const answered = once(socket, 'message');
  socket.send(Uint8Array.from([...query(), 0]), made.port, '127.0.0.1');
  const [bytes] = await answered;
  assert.deepEqual([bytes.length, bytes[3] & 15], [12, 1]);
  assert.equal((await ask(made.port, query())).records.length, 1);
  assert.equal(told.filter((one) => one === 'refused   malformed').length, 4);
  assert.equal(made.counts.refused.malformed, 4);
});

test('a port that is taken is said; closing gives up what is asked, and frees it', async () => {
  const silent = await server(() => undefined);
  const { stub: made, told } = await stub([silent]);
  const plan = {
    upstreams: [],
    allows: () => true,
    learned: async () => {},
    refused() {},
    answered() {},
    now: () => 0,
  };
  const second = await DnsStub.listen(plan, { address: loopback, port: made.port });
  assert.ok(!second.ok);
  assert.match(second.error, /cannot listen at 127\.0\.0\.1: .*EADDRINUSE/);
  const socket = createSocket('udp4');
  closers.push(() => socket.close());
  socket.send(query(), made.port, '127.0.0.1');
  while (silent.questions.length === 0) await sleep(5);
  closers.splice(closers.length - 2, 1);
  await made.close();
  await sleep(0);
  assert.deepEqual(told, ['refused www.example.com A upstream']);
  const third = await DnsStub.listen(plan, { address: loopback, port: made.port });
  assert.ok(third.ok, JSON.stringify(third));
  await third.value.close();
});

test('a run that fails in its part leaves its question without an answer, and nothing else', async () => {
  const up = await server(right);
  const { stub: made } = await stub([up], {
    allows: (name) => {
      if (name === 'bad.example.com') throw new Error('no');
      return true;
    },
  });
  const socket = createSocket('udp4');
  closers.push(() => socket.close());
  socket.send(query('bad.example.com'), made.port, '127.0.0.1');
  assert.deepEqual(await askByTcp(made.port, [query('bad.example.com')]), []);
  assert.equal((await ask(made.port, query())).records.length, 1);
});
