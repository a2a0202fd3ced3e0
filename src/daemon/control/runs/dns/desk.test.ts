// What a question becomes, without a socket: refusals, lessons before answers, limits, and that hostile bytes reach nobody.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAddress } from '#model/net/address.ts';
import { type DnsMessage, type DnsQuestion, parseDnsMessage } from '#wire/dns/message.ts';
import { formatQuery } from '#wire/dns/query.ts';
import {
  a,
  aaaa,
  buildMessage,
  buildQuery,
  cname,
  https,
  ipv4hint,
  ipv6hint,
  type RecordParts,
  types,
} from '#wire/dns/writer.testing.ts';
import { Desk, maxOpen } from './desk.ts';
import type { DnsLesson } from './plan.ts';

const PTR = 12;
const SRV = 33;

/** A desk of a command that may ask for example.com and what is below it, and what became of its questions. */
function desk(answers: readonly RecordParts[] = [], rcode = 0, learned?: (lesson: DnsLesson) => Promise<void>) {
  const told: string[] = [];
  const asked: DnsQuestion[] = [];
  const ask = async (question: DnsQuestion): Promise<DnsMessage | undefined> => {
    asked.push(question);
    const message = parseDnsMessage(buildMessage({ questions: [question], answers, rcode }));
    return message.ok ? message.value : undefined;
  };
  const made = new Desk(
    {
      upstreams: [],
      allows: (name) => name === 'example.com' || name.endsWith('.example.com'),
      learned: async (lesson) => {
        const addresses = lesson.addresses.map(({ address, ttl }) => `${formatAddress(address)}/${ttl}`);
        told.push(`learned ${[lesson.name, lesson.canonical, ...addresses].filter(Boolean).join(' ')}`);
        await learned?.(lesson);
      },
      refused: ({ name, type, reason }) => told.push(`refused ${name} ${type} ${reason}`),
      answered: ({ name, type }) => told.push(`answered ${name} ${type}`),
      now: () => 0,
    },
    ask,
  );
  const question = async (name: string, type = types.A) => {
    const bytes = await made.answer(buildQuery(9, name, type), 'tcp');
    const message = parseDnsMessage(bytes ?? new Uint8Array(0));
    assert.ok(message.ok, JSON.stringify(message));
    const texts = message.value.records.map((one) => `${one.owner} ${one.type}`);
    return `${message.value.rcode} ${texts.join(', ')}`.trim();
  };
  return { made, told, asked, question };
}

test('a name that is allowed is asked for, and what the answer says is made known before it is given', async () => {
  let release = () => {};
  const wait = new Promise<void>((resolve) => {
    release = resolve;
  });
  const records = [cname('www.example.com', 'edge.example.net', 60), a('edge.example.net', '192.0.2.1', 3600)];
  const { told, asked, question } = desk(records, 0, () => wait);
  const answer = question('WWW.Example.COM');
  await new Promise(setImmediate);
  assert.deepEqual(told, ['learned www.example.com edge.example.net 192.0.2.1/60']);
  release();
  assert.equal(await answer, '0 www.example.com CNAME, edge.example.net A');
  assert.deepEqual(told.slice(1), ['answered www.example.com A']);
  assert.deepEqual(asked, [{ name: 'www.example.com', type: 1, class: 1 }]);
});

test('a name that is not allowed does not exist, and nobody is asked', async () => {
  const { told, asked, question } = desk();
  for (const name of ['secret.evil.example', 'example.com.lan', 'badexample.com', '.', 'a\\000b.example.com']) {
    assert.equal(await question(name), '3', name);
  }
  assert.deepEqual(asked, []);
  assert.deepEqual(told.slice(0, 2), ['refused secret.evil.example A name', 'refused example.com.lan A name']);
});

test('records that lead nowhere are not answered, and the name is not denied', async () => {
  const { told, asked, question } = desk();
  for (const type of [types.TXT, types.MX, types.NS, types.ANY, 10, 48, 65280]) {
    assert.equal(await question('example.com', type), '0', String(type));
  }
  assert.equal(await question('evil.example', types.TXT), '3');
  assert.deepEqual(asked, []);
  assert.deepEqual([told[0], told[6]], ['refused example.com TXT type', 'refused example.com TYPE65280 type']);
  for (const type of [types.A, types.AAAA, types.CNAME, types.HTTPS, types.SVCB, SRV])
    await question('example.com', type);
  assert.equal(asked.length, 6);
});

test('another class, and another version of EDNS', async () => {
  const { made, told, asked } = desk();
  const question = { name: 'example.com', type: types.A };
  await made.answer(buildMessage({ response: false, questions: [{ ...question, class: 3 }] }), 'udp');
  const opt = { owner: '.', type: types.OPT, class: 1232, ttl: 0x0001_0000, data: [] };
  const bytes = await made.answer(buildMessage({ response: false, questions: [question], additional: [opt] }), 'udp');
  const message = parseDnsMessage(bytes ?? new Uint8Array(0));
  assert.equal(message.ok && message.value.rcode, 16);
  assert.deepEqual([told, asked], [['refused example.com A type', 'refused example.com A malformed'], []]);
});

test('names of addresses are told for those that were given, and for no others', async () => {
  const { asked, question } = desk([a('example.com', '198.51.100.7'), a('www.example.com', '203.0.113.9')]);
  const given = '7.100.51.198.in-addr.arpa';
  assert.equal(await question(given, PTR), '3');
  await question('example.com');
  assert.equal(await question(given, PTR), '0');
  assert.equal(await question('9.113.0.203.in-addr.arpa', PTR), '3', 'off the chain');
  assert.equal(await question('53.113.0.203.in-addr.arpa', PTR), '3');
  assert.equal(await question('example.com', PTR), '0', 'no name of an address');
  assert.deepEqual(
    asked.map(({ name }) => name),
    ['example.com', given],
  );
});

test('of the answer only what the question leads to', async () => {
  const txt: RecordParts = { owner: 'example.com', type: types.TXT, data: [[3, 97, 98, 99]] };
  const { told, question } = desk([a('other.example', '192.0.2.9'), txt, a('example.com', '192.0.2.1')]);
  assert.equal(await question('example.com'), '0 example.com A');
  assert.deepEqual(told, ['learned example.com 192.0.2.1/300', 'answered example.com A']);
});

test('that there is no such name is an answer', async () => {
  const { told, question } = desk([], 3);
  assert.equal(await question('none.example.com'), '3');
  assert.deepEqual(told, ['answered none.example.com A']);
});

test('answers that lead into this machine or its link are not passed, those of the own site are counted', async () => {
  const bad = [
    ...['127.0.0.1', '127.9.9.9', '0.0.0.0', '0.1.2.3', '169.254.169.254', '224.0.0.251', '255.255.255.255'],
    ...['::1', '::', 'fe80::1', 'ff02::fb', '::ffff:192.0.2.1'],
  ];
  for (const address of bad) {
    const six = address.includes(':');
    const mapped = [...new Array(10).fill(0), 255, 255, 192, 0, 2, 1];
    const record = address.startsWith('::ffff')
      ? { owner: 'example.com', type: types.AAAA, data: [mapped] }
      : (six ? aaaa : a)('example.com', address);
    const { made, told, question } = desk([(six ? aaaa : a)('example.com', six ? '2001:db8::1' : '192.0.2.1'), record]);
    assert.equal(await question('example.com', six ? types.AAAA : types.A), '0', address);
    assert.equal(told.length, 1, address);
    assert.match(told[0] as string, /^refused example\.com A+ address$/);
    assert.equal(made.counts.refused.address, 1);
  }
  const { made, question } = desk([
    a('example.com', '10.0.0.1'),
    a('example.com', '192.168.1.1'),
    a('example.com', '192.0.2.1'),
  ]);
  assert.equal(await question('example.com'), '0 example.com A, example.com A, example.com A');
  assert.equal(made.counts.ofLan, 2);
});

test('hints are addresses too, and a record with more than can be read is left out', async () => {
  const hinting = (...params: number[][]) => [https('example.com', 1, '.', params.flat())];
  const good = desk(hinting(ipv4hint('192.0.2.1'), ipv6hint('2001:db8::1')));
  assert.equal(await good.question('example.com', types.HTTPS), '0 example.com HTTPS');
  assert.equal(good.told[0], 'learned example.com 192.0.2.1/300 2001:db8::1/300');
  const bad = desk(hinting(ipv4hint('192.0.2.1', '127.0.0.1')));
  assert.equal(await bad.question('example.com', types.HTTPS), '0');
  assert.deepEqual(bad.told, ['refused example.com HTTPS address']);
  const many = desk(hinting(ipv4hint(...Array.from({ length: 40 }, (_, at) => `192.0.2.${at}`))));
  assert.equal(await many.question('example.com', types.HTTPS), '0');
  const alias = desk([https('example.com', 0, 'x.example.com', ipv4hint('127.0.0.1'))]);
  assert.equal(await alias.question('example.com', types.HTTPS), '0');
  const bare = desk([https('example.com', 0, 'x.example.com')]);
  assert.equal(await bare.question('example.com', types.HTTPS), '0 example.com HTTPS');
});

test('a lesson that takes too long, or fails, holds its answer for a second at most', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const slow = desk([a('example.com', '192.0.2.1')], 0, () => new Promise(() => {}));
  const answer = slow.question('example.com');
  let done = false;
  void answer.then(() => {
    done = true;
  });
  await new Promise(setImmediate);
  context.mock.timers.tick(999);
  await new Promise(setImmediate);
  assert.equal(done, false);
  context.mock.timers.tick(1);
  assert.equal(await answer, '0 example.com A');
  const failing = desk([a('example.com', '192.0.2.1')], 0, () => Promise.reject(new Error('no')));
  assert.equal(await failing.question('example.com'), '0 example.com A');
  assert.deepEqual([slow.made.counts.late, failing.made.counts.late], [1, 1]);
});

test(`more than ${maxOpen} questions at once are refused, and none is forgotten`, async () => {
  const { made, told, question } = desk([a('example.com', '192.0.2.1')], 0, () => new Promise(setImmediate));
  const all = await Promise.all(Array.from({ length: maxOpen + 44 }, () => question('example.com')));
  assert.equal(all.filter((one) => one === '0 example.com A').length, maxOpen);
  assert.equal(all.filter((one) => one === '2').length, 44);
  assert.equal(told.filter((one) => one === 'refused example.com A flood').length, 44);
  assert.equal(await question('example.com'), '0 example.com A', 'and it goes on');
  assert.deepEqual([made.counts.asked, made.counts.answered], [maxOpen + 45, maxOpen + 1]);
});

test('50,000 hostile questions: each is answered or told, and what is asked for is an allowed name and nothing else', async () => {
  const { made, told, asked } = desk([a('example.com', '192.0.2.1')]);
  const cookie = {
    owner: '.',
    type: types.OPT,
    class: 4096,
    ttl: 0x8000,
    data: [[0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]],
  };
  const samples = ['example.com', 'A.b.EXAMPLE.com', 'evil.example', 'x.\\255\\000.example.com', '.'].flatMap((name) =>
    [types.A, types.HTTPS, types.TXT].flatMap((type) => [
      buildQuery(7, name, type),
      buildMessage({ response: false, questions: [{ name, type }], additional: [cookie] }),
    ]),
  );
  const edit = fc.tuple(fc.nat(60), fc.oneof(fc.constantFrom(0, 1, 3, 0x65, 0xc0, 0xff), fc.nat(255)));
  const input = fc.oneof(
    { weight: 9, arbitrary: fc.tuple(fc.constantFrom(...samples), fc.array(edit, { maxLength: 4 }), fc.nat(80)) },
    { weight: 1, arbitrary: fc.tuple(fc.uint8Array({ maxLength: 80 }), fc.constant([]), fc.constant(80)) },
  );
  let wrong = 0;
  await fc.assert(
    fc.asyncProperty(input, async ([sample, edits, end]) => {
      const bytes = sample.slice();
      for (const [at, value] of edits) if (bytes.length > 0) bytes[at % bytes.length] = value;
      const before = asked.length;
      const answer = await made.answer(end > 60 ? bytes : bytes.subarray(0, end), 'udp');
      if (answer !== undefined) {
        assert.ok(answer.length <= 4096 && ((answer[2] as number) & 0x80) !== 0);
        assert.deepEqual([...answer.subarray(0, 2)], [...bytes.subarray(0, 2)]);
      } else wrong += 1;
      for (const question of asked.slice(before)) {
        assert.match(question.name, /^([a-z0-9_-]+\.)*example\.com$/);
        assert.equal(question.class, 1);
        // Name and type are all that a question of ours is made of.
        assert.equal(formatQuery(1, question).length, 12 + question.name.length + 2 + 4 + 11);
      }
    }),
    { numRuns: 50_000 },
  );
  const { counts } = made;
  const refused = Object.values(counts.refused).reduce((sum, count) => sum + count, 0);
  assert.equal(counts.asked, counts.answered + refused);
  assert.equal(told.filter((one) => !one.startsWith('learned')).length, counts.asked);
  assert.ok(asked.length > 1000 && counts.refused.malformed > 1000 && counts.refused.name > 1000 && wrong > 100);
});

test('20,000 hostile answers: what is passed can be read, and has no address that is here', async () => {
  const question = { name: 'example.com', type: types.A, class: 1 };
  const samples = [
    [cname('example.com', 'x.example'), a('x.example', '192.0.2.1')],
    [a('example.com', '127.0.0.1'), a('example.com', '192.0.2.1')],
    [https('example.com', 1, '.', [...ipv4hint('192.0.2.1', '127.0.0.1'), ...ipv6hint('::1', '2001:db8::1')])],
    [https('example.com', 0, 'x.example'), aaaa('x.example', 'fe80::1')],
    [{ owner: 'example.com', type: SRV, data: [[0, 1, 0, 2, 1, 187], { name: 'x.example' }] }],
  ].flatMap((answers) =>
    [types.A, types.AAAA, types.HTTPS, SRV].map((type) => ({
      type,
      bytes: buildMessage({ questions: [{ ...question, type }], answers }),
    })),
  );
  let message: DnsMessage | undefined;
  let refused = 0;
  const made = new Desk(
    {
      ...{ upstreams: [], allows: () => true, learned: async () => {}, answered: () => {}, now: () => 0 },
      refused: () => {
        refused += 1;
      },
    },
    async () => message,
  );
  const edit = fc.tuple(fc.nat(200), fc.oneof(fc.constantFrom(0, 1, 5, 12, 28, 65, 127, 0xc0, 0xff), fc.nat(255)));
  let passed = 0;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...samples), fc.array(edit, { maxLength: 4 }), async ({ type, bytes }, edits) => {
      const changed = bytes.slice();
      // The header and the question are what makes it an answer: they were compared before.
      const from = 12 + 13 + 4;
      for (const [at, value] of edits) changed[from + (at % (changed.length - from))] = value;
      const parsed = parseDnsMessage(changed);
      message = parsed.ok ? parsed.value : undefined;
      const answer = await made.answer(buildQuery(1, 'example.com', type), 'tcp');
      const read = parseDnsMessage(answer ?? new Uint8Array(0));
      assert.ok(read.ok, JSON.stringify(read));
      for (const record of read.value.records) {
        const addresses = 'address' in record ? [record.address] : 'service' in record ? record.service.hints : [];
        for (const text of addresses.map(formatAddress))
          assert.doesNotMatch(text, /^(127\.|0\.|169\.254\.|::1$|fe[89ab])/);
        passed += 1;
      }
    }),
    { numRuns: 20_000 },
  );
  assert.ok(passed > 2000 && refused > 2000, `${passed} ${refused}`);
});
