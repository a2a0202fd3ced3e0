// Whatever bytes come as a DNS message or as a stream of them: no reader throws, none loops, none looks outside its window.
// POSTERN_LONG=1 tries 1,000,000 inputs instead of 100,000.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { maxRecords, parseDnsMessage } from './message.ts';
import { DnsStream } from './stream.ts';
import {
  a,
  aaaa,
  alpn,
  be16,
  buildMessage,
  buildQuery,
  cname,
  dname,
  framed,
  https,
  ipv4hint,
  ipv6hint,
  nameOf,
  param,
  types,
} from './writer.testing.ts';

const question = { name: 'www.example.com', type: types.A };
const questions = [question];
const header = (...counts: number[]) => [0, 1, 0x80, 0, ...counts.flatMap(be16)];
const asA = [...be16(types.A), ...be16(1)];
/** A message whose question's name is these bytes, at offset 12. */
const named = (...name: number[]) => Uint8Array.from([...header(1, 0, 0, 0), ...name, ...asA]);
/** A message with one answer whose owner is these bytes, at offset 33. */
const owned = (...owner: number[]) =>
  Uint8Array.from([
    ...header(1, 1, 0, 0),
    ...nameOf('www.example.com'),
    ...asA,
    ...owner,
    ...asA,
    ...[0, 0, 1, 44, 0, 4, 192, 0, 2, 1],
  ]);
const ladder = (() => {
  // 8,000 pointers, each to the one before: the name at the end would follow them all.
  const rungs = Array.from({ length: 8000 }, (_, at) => be16(0xc000 | (at === 0 ? 12 : 26 + 2 * (at - 1)))).flat();
  return Uint8Array.from([
    ...header(1, 2, 0, 0),
    ...[0, ...asA],
    ...[0, ...be16(types.TXT), ...be16(1), 0, 0, 0, 0, ...be16(rungs.length)],
    ...rungs.slice(2),
    ...[0, 0],
    ...be16(0xc000 | (28 + 2 * 7990)),
    ...asA,
    ...[0, 0, 1, 44, 0, 4, 192, 0, 2, 1],
  ]);
})();

/** Each with what the reader must say of it. */
const corpus: Record<string, readonly [Uint8Array, string]> = {
  nothing: [new Uint8Array(0), 'truncated'],
  'half a header': [Uint8Array.from([0, 1, 0x80, 0, 0, 1]), 'truncated'],
  'no question': [buildMessage({ answers: [a('www.example.com', '192.0.2.1')] }), 'question-count'],
  'two questions': [buildMessage({ questions: [question, question] }), 'question-count'],
  '65,535 questions': [buildMessage({ questions, counts: [65535, 0, 0, 0] }), 'question-count'],
  'more answers than there are': [
    buildMessage({ questions, answers: [a('www.example.com', '192.0.2.1')], counts: [1, 2, 0, 0] }),
    'truncated',
  ],
  '65,535 of each': [buildMessage({ questions, counts: [1, 65535, 65535, 65535] }), 'truncated'],
  'a name that points at itself': [named(0xc0, 12), 'bad-pointer'],
  'a name whose label is followed by itself': [named(1, 0x61, 0xc0, 12), 'bad-pointer'],
  'two pointers at each other': [
    buildMessage({
      questions: [{ ...question, name: '.' }],
      answers: [
        { owner: '.', type: types.TXT, data: [[0xc0, 30, 0xc0, 28]] },
        { owner: '.', type: types.CNAME, data: [[0xc0, 30]] },
      ],
    }),
    'bad-pointer',
  ],
  'a pointer forward': [owned(0xc0, 40), 'bad-pointer'],
  'a pointer into the header': [owned(0xc0, 4), 'bad-pointer'],
  'a pointer behind the end': [owned(0xff, 0xff), 'bad-pointer'],
  'a pointer into the middle of its own label': [owned(3, 0x61, 0x62, 0x63, 0xc0, 34), 'bad-pointer'],
  'half a pointer': [Uint8Array.from([...header(1, 0, 0, 0), 0xc0]), 'truncated'],
  'a label type of RFC 2673': [named(0x41, 1, 0), 'bad-label'],
  'a label type that nobody has': [named(0x80, 1, 0), 'bad-label'],
  'a label of 300 bytes': [named(...be16(300), ...new Array(300).fill(0x61), 0), 'bad-label'],
  'a name of 300 bytes': [buildQuery(1, Array.from({ length: 30 }, () => 'abcdefghi').join('.')), 'name-too-long'],
  'a name without an end': [Uint8Array.from([...header(1, 0, 0, 0), 3, 0x61, 0x62, 0x63]), 'truncated'],
  'a ladder of 8,000 pointers': [ladder, 'bad-pointer'],
  'an address of five bytes': [
    buildMessage({ questions, answers: [{ owner: 'x', type: types.A, data: [[1, 2, 3, 4, 5]] }] }),
    'bad-record',
  ],
  'an IPv6 address of four': [
    buildMessage({ questions, answers: [{ ...a('x', '192.0.2.1'), type: types.AAAA }] }),
    'bad-record',
  ],
  'no address at all': [buildMessage({ questions, answers: [{ owner: 'x', type: types.A, data: [] }] }), 'bad-record'],
  'a target with bytes after it': [
    buildMessage({ questions, answers: [{ owner: 'x', type: types.CNAME, data: [[...nameOf('y'), 0]] }] }),
    'bad-record',
  ],
  'a target that ends after its record': [
    buildMessage({ questions, answers: [{ owner: 'x', type: types.CNAME, data: [nameOf('yyy')], length: 3 }] }),
    'truncated',
  ],
  'data that ends after the message': [
    buildMessage({ questions, answers: [{ ...a('x', '192.0.2.1'), length: 5 }] }),
    'truncated',
  ],
  'a service target that is compressed': [
    buildMessage({
      questions,
      answers: [
        {
          owner: 'x',
          type: types.HTTPS,
          data: [
            [0, 1],
            [0xc0, 12],
          ],
        },
      ],
    }),
    'bad-pointer',
  ],
  'the same service parameter twice': [
    buildMessage({ questions, answers: [https('x', 1, '.', [...alpn('h2'), ...alpn('h3')])] }),
    'bad-record',
  ],
  'service parameters not in order': [
    buildMessage({ questions, answers: [https('x', 1, '.', [...ipv4hint('192.0.2.1'), ...alpn('h2')])] }),
    'bad-record',
  ],
  'a right answer': [
    buildMessage({
      questions,
      answers: [cname('www.example.com', 'edge.example.net'), a('edge.example.net', '192.0.2.1')],
      authority: [{ owner: 'example.net', type: types.NS, data: [{ name: 'ns.example.net' }] }],
      additional: [a('ns.example.net', '192.0.2.53'), { owner: '.', type: types.OPT, class: 1232, ttl: 0, data: [] }],
    }),
    'ok',
  ],
  'a right answer with a service': [
    buildMessage({
      questions: [{ ...question, type: types.HTTPS }],
      answers: [
        dname('example.com', 'example.net'),
        cname('www.example.com', 'www.example.net'),
        https('www.example.net', 1, 'svc.example.net', [
          ...param(0, be16(1)),
          ...alpn('h2', 'h3'),
          ...param(3, be16(8443)),
          ...ipv4hint('192.0.2.1', '192.0.2.2'),
          ...param(5, [0xfe, 0x0d]),
          ...ipv6hint('2001:db8::1'),
        ]),
        aaaa('svc.example.net', '2001:db8::2'),
      ],
    }),
    'ok',
  ],
  '64 kB of addresses': [
    buildMessage({ questions, answers: new Array(4000).fill(a('www.example.com', '192.0.2.1')) }).slice(0, 65535),
    'ok',
  ],
  '64 kB of zeros': [new Uint8Array(65535), 'question-count'],
  '64 kB of 0xff': [new Uint8Array(65535).fill(0xff), 'question-count'],
  'zeros as records': [
    Uint8Array.from([...named(0), ...new Array(60_000).fill(0)].with(7, 255).with(6, 255)),
    'truncated',
  ],
};

/** What the reader says, as text; and that whatever it says keeps the promises of its types. */
function read(bytes: Uint8Array, start: number, end: number): string {
  const result = parseDnsMessage(bytes, start, end);
  if (!result.ok) return result.error;
  const { value } = result;
  assert.ok(value.records.length <= maxRecords);
  const names = [value.question.name, ...value.records.flatMap((record) => namesOf(record))];
  for (const name of names) {
    assert.match(name, /^(\.|(?:[a-z0-9_-]|\\\d{3})+(?:\.(?:[a-z0-9_-]|\\\d{3})+)*)$/);
    assert.ok(nameOf(name).length <= 255);
  }
  for (const { ttl } of value.records) assert.ok(ttl >= 0 && ttl < 2 ** 31);
  return JSON.stringify(value);
}

function namesOf(record: object): string[] {
  return Object.entries(record).flatMap(([key, value]) => {
    if (key === 'owner' || key === 'target') return [value as string];
    return key === 'service' ? namesOf(value as object) : [];
  });
}

const lead = 3;
let tried = 0;

/** The same bytes amid two different surroundings must read alike. */
function check(input: Uint8Array): string {
  const [ones, twos] = [0x01, 0xc0].map((filler) => {
    const around = new Uint8Array(input.length + 2 * lead).fill(filler);
    around.set(input, lead);
    return read(around, lead, lead + input.length);
  });
  assert.equal(ones, twos);
  tried += 1;
  return ones as string;
}

for (const [what, [bytes, expected]] of Object.entries(corpus)) {
  test(`hostile: ${what}`, () => {
    assert.ok(bytes.length <= 65535);
    const said = check(bytes);
    if (expected === 'ok') assert.ok(said.startsWith('{'), said);
    else assert.equal(said, expected);
  });
}

test('every truncation of each', () => {
  for (const [bytes] of Object.values(corpus)) {
    for (let end = 0; end < Math.min(bytes.length, 400); end++) check(bytes.subarray(0, end));
  }
});

test('a message of 64 kB is read in little time, whatever is in it', () => {
  // Each owner follows as many pointers as it may, and each record has one: the most work that 64 kB can ask for.
  const rungs = Array.from({ length: 127 }, (_, at) => be16(0xc000 | (at === 0 ? 12 : 28 + 2 * (at - 1)))).flat();
  const record = [...be16(0xc000 | (28 + 2 * 125)), ...asA, 0, 0, 1, 44, 0, 4, 192, 0, 2, 1];
  const count = Math.floor((65535 - 28 - rungs.length) / record.length);
  const message = Uint8Array.from([
    ...header(1, 1 + count, 0, 0),
    ...[0, ...asA],
    ...[0, ...be16(types.TXT), ...be16(1), 0, 0, 0, 0, ...be16(rungs.length)],
    ...rungs,
    ...new Array(count).fill(record).flat(),
  ]);
  const began = process.cpuUsage();
  const result = parseDnsMessage(message);
  const spent = process.cpuUsage(began);
  assert.ok(result.ok);
  assert.equal(result.value.records.length, maxRecords);
  assert.equal(result.value.notTaken, count - maxRecords);
  assert.ok(spent.user + spent.system < 200_000, `${spent.user + spent.system} µs`);
});

const wanted = process.env.POSTERN_LONG === '1' ? 1_000_000 : 100_000;
const cuts = 25;
const samples = Object.values(corpus).map(([bytes]) => bytes.slice(0, 400));
const edits = fc.array(
  fc.tuple(fc.nat(400), fc.oneof(fc.constantFrom(0, 1, 12, 33, 63, 64, 0xc0, 0xff), fc.nat(255))),
  { maxLength: 6 },
);
const sample = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...samples) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 96 }) },
);

test(`${wanted} inputs: mutated samples, and bytes without sense`, () => {
  const before = tried;
  const property = fc.property(sample, edits, fc.nat(), (bytes, changes, cut) => {
    const input = bytes.slice();
    for (const [at, value] of changes) if (input.length > 0) input[at % input.length] = value;
    for (let count = 0; count < cuts; count++) {
      check(input.subarray(0, input.length - ((count === 0 ? 0 : cut + count * 37) % (input.length + 1))));
    }
  });
  fc.assert(property, { numRuns: wanted / cuts });
  assert.ok(tried - before >= wanted);
});

test('whatever segments come, a stream neither throws nor grows', () => {
  const whole = framed(...samples.filter(({ length }) => length >= 12));
  const piece = fc.record({
    at: fc.nat(whole.length),
    length: fc.nat(3000),
    begins: fc.boolean(),
    ends: fc.integer({ min: 0, max: 9 }).map((one) => one === 0),
    shift: fc.oneof(fc.constant(0), fc.constantFrom(1, -1, 70_000, 2 ** 31)),
  });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.nat(2 ** 32 - 1), (pieces, first) => {
      const stream = new DnsStream(65535);
      stream.handle({ sequence: first, begins: true, ends: false, payload: new Uint8Array(0) });
      for (const { at, length, begins, ends, shift } of pieces) {
        const payload = whole.subarray(at, at + length);
        const sequence = (first + 1 + at + shift) >>> 0;
        for (const message of stream.handle({ sequence, begins: begins && at === 0, ends, payload })) check(message);
        assert.ok(stream.size <= 4 * 65_536);
      }
    }),
    { numRuns: 1000 },
  );
});
