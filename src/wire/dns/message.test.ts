// The examples of the RFCs, and what the reader must take or refuse of names and records.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressToBytes, formatAddress } from '#model/net/address.ts';
import { type DnsMessage, type DnsRecord, maxRecords, parseDnsMessage } from './message.ts';
import { nameBytes } from './name.ts';
import { maxHints } from './service.ts';
import {
  a,
  aaaa,
  alpn,
  be16,
  buildMessage,
  buildQuery,
  cname,
  dname,
  https,
  ipv4hint,
  ipv6hint,
  type MessageParts,
  nameOf,
  param,
  type RecordParts,
  types,
} from './writer.testing.ts';

function parsed(bytes: Uint8Array): DnsMessage {
  const result = parseDnsMessage(bytes);
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

function refused(bytes: Uint8Array): string {
  const result = parseDnsMessage(bytes);
  assert.ok(!result.ok, JSON.stringify(result));
  return result.error;
}

const question = { name: 'example.com', type: types.A };

function answer(...answers: RecordParts[]): Uint8Array {
  return buildMessage({ questions: [question], answers });
}

function only(bytes: Uint8Array): DnsRecord {
  const { records } = parsed(bytes);
  assert.equal(records.length, 1);
  return records[0] as DnsRecord;
}

test('the compressed names of RFC 1035 4.1.4', () => {
  const label = (text: string) => [text.length, ...Buffer.from(text)];
  // In the data of a first record, which begins at 28: F.ISI.ARPA, FOO.F.ISI.ARPA, ARPA, and the root.
  const names = [...label('F'), ...label('ISI'), ...label('ARPA'), 0, ...label('FOO'), 0xc0, 28, 0xc0, 34, 0];
  const filler: RecordParts = { owner: '.', type: types.TXT, data: [names] };
  for (const [at, name] of [
    [28, 'f.isi.arpa'],
    [40, 'foo.f.isi.arpa'],
    [46, 'arpa'],
    [48, '.'],
  ] as const) {
    const record: RecordParts = { owner: '.', type: types.CNAME, data: [[0xc0, at]] };
    const bytes = buildMessage({ questions: [{ name: '.', type: types.A }], answers: [filler, record] });
    const found = only(bytes);
    assert.ok(found.type === 'CNAME');
    assert.equal(found.target, name);
  }
});

test('a query: id, bits and question', () => {
  const message = parsed(buildQuery(0xbeef, 'Example.COM', types.AAAA));
  assert.equal(message.id, 0xbeef);
  assert.equal(message.response, false);
  assert.equal(message.opcode, 0);
  assert.deepEqual(message.question, { name: 'example.com', type: 28, class: 1 });
  assert.deepEqual(message.records, []);
});

test('an answer with a chain, compressed and not', () => {
  for (const compress of [true, false]) {
    const answers = [
      cname('www.example.com', 'edge.example.net', 20),
      a('edge.example.net', '192.0.2.1', 60),
      aaaa('edge.example.net', '2001:db8::1', 70),
      dname('example.org', 'example.com'),
    ];
    const message = parsed(
      buildMessage({ id: 7, questions: [{ name: 'www.example.com', type: types.ANY }], answers, compress }),
    );
    assert.deepEqual(
      message.records.map((record) => ({
        ...record,
        ...('address' in record && { address: formatAddress(record.address) }),
      })),
      [
        { owner: 'www.example.com', ttl: 20, type: 'CNAME', target: 'edge.example.net' },
        { owner: 'edge.example.net', ttl: 60, type: 'A', address: '192.0.2.1' },
        { owner: 'edge.example.net', ttl: 70, type: 'AAAA', address: '2001:db8::1' },
        { owner: 'example.org', ttl: 300, type: 'DNAME', target: 'example.com' },
      ],
    );
  }
});

test('names are compared in lower case of ASCII alone, and one label with a dot is not two labels', () => {
  const nameIn = (bytes: readonly number[]) => {
    const found = only(answer({ owner: 'example.com', type: types.CNAME, data: [bytes] }));
    assert.ok(found.type === 'CNAME');
    return found.target;
  };
  assert.equal(nameIn(nameOf('WWW.Example.Com')), 'www.example.com');
  assert.equal(nameIn([3, 0x61, 0x2e, 0x62, 0]), 'a\\046b');
  assert.equal(nameIn([1, 0x61, 1, 0x62, 0]), 'a.b');
  assert.equal(nameIn([4, 0x5c, 0x30, 0x34, 0x36, 0]), '\\092046');
  assert.equal(nameIn([4, 0x2a, 0x20, 0x00, 0x1b, 0]), '\\042\\032\\000\\027');
  // A Kelvin sign in UTF-8 is three bytes, and no k.
  assert.equal(nameIn([3, 0xe2, 0x84, 0xaa, 0]), '\\226\\132\\170');
  assert.equal(nameIn([5, 0x5f, 0x64, 0x6d, 0x2d, 0x39, 0]), '_dm-9');
  assert.equal(nameIn([0]), '.');
});

test('a name of 255 bytes is taken, one of 256 is not', () => {
  const labels = (...lengths: number[]) => lengths.map((length) => 'x'.repeat(length)).join('.');
  const most = labels(63, 63, 63, 61);
  assert.equal(nameOf(most).length, 255);
  assert.equal(parsed(buildQuery(1, most)).question.name, most);
  assert.equal(nameBytes(most), 255);
  assert.equal(refused(buildQuery(1, labels(63, 63, 63, 62))), 'name-too-long');
  assert.equal(refused(buildQuery(1, labels(63, 63, 63, 63, 63))), 'name-too-long');
});

test('a TTL with the highest bit set is zero', () => {
  assert.equal(only(answer(a('example.com', '192.0.2.1', 0x8000_0000))).ttl, 0);
  assert.equal(only(answer(a('example.com', '192.0.2.1', 0x7fff_ffff))).ttl, 0x7fff_ffff);
});

test('other types, other classes and other sections give no record; addresses there are counted', () => {
  const message = parsed(
    buildMessage({
      questions: [question],
      answers: [
        { owner: 'example.com', type: types.TXT, data: [[3, 1, 2, 3]] },
        { ...a('example.com', '192.0.2.1'), class: 3 },
      ],
      authority: [a('ns.example.com', '192.0.2.2')],
      additional: [aaaa('example.com', '2001:db8::1'), { owner: '.', type: types.OPT, ttl: 0, class: 1232, data: [] }],
    }),
  );
  assert.deepEqual(message.records, []);
  assert.equal(message.besides, 2);
});

test('an OPT record has the upper bits of the rcode', () => {
  const opt: RecordParts = { owner: '.', type: types.OPT, ttl: 0x0100_0000, class: 1232, data: [] };
  assert.equal(parsed(buildMessage({ questions: [question], additional: [opt] })).rcode, 16);
  assert.equal(parsed(buildMessage({ questions: [question], rcode: 3 })).rcode, 3);
});

test('nothing is read of a truncated answer but its question', () => {
  const whole = buildMessage({ questions: [question], tc: true, answers: [a('example.com', '192.0.2.1')] });
  const message = parsed(whole.subarray(0, whole.length - 2));
  assert.equal(message.truncated, true);
  assert.deepEqual(message.records, []);
});

test('records and hints beyond the bound are counted', () => {
  const many = Array.from({ length: maxRecords + 10 }, () => a('example.com', '192.0.2.1'));
  const message = parsed(answer(...many));
  assert.equal(message.records.length, maxRecords);
  assert.equal(message.notTaken, 10);
  const hints = Array.from({ length: maxHints + 3 }, (_, at) => `192.0.2.${at}`);
  const hinted = parsed(answer(https('example.com', 1, '.', ipv4hint(...hints))));
  assert.equal(hinted.notTaken, 3);
});

/** Only the data of an SVCB record. */
function service(data: readonly number[]) {
  const found = only(answer({ owner: 'example.com', type: types.SVCB, data: [data] }));
  assert.ok(found.type === 'SVCB');
  const { hints, ...rest } = found.service;
  return { ...rest, hints: hints.map(formatAddress) };
}
const plain = { alpn: [], port: undefined, hints: [], hintsNotTaken: 0, ech: false };

test('the vectors of RFC 9460 appendix D', () => {
  // D.1: example.com. HTTPS 0 foo.example.com.
  assert.deepEqual(service([0, 0, ...nameOf('foo.example.com')]), { ...plain, priority: 0, target: 'foo.example.com' });
  // D.2: SVCB 1 .
  assert.deepEqual(service([0, 1, 0]), { ...plain, priority: 1, target: '.' });
  // SVCB 16 foo.example.com. port=53
  const foo = nameOf('foo.example.com');
  assert.deepEqual(service([0, 16, ...foo, 0, 3, 0, 2, 0, 53]), {
    ...plain,
    priority: 16,
    target: 'foo.example.com',
    port: 53,
  });
  // SVCB 1 foo.example.com. key667=hello
  assert.deepEqual(service([0, 1, ...foo, 0x02, 0x9b, 0, 5, ...Buffer.from('hello')]), {
    ...plain,
    priority: 1,
    target: 'foo.example.com',
  });
  // SVCB 1 foo.example.com. ipv6hint="2001:db8::1,2001:db8::53:1"
  const hints = Buffer.from('20010db800000000000000000000000120010db8000000000000000000530001', 'hex');
  assert.deepEqual(service([0, 1, ...foo, 0, 6, 0, 32, ...hints]).hints, ['2001:db8::1', '2001:db8::53:1']);
  // SVCB 16 foo.example.org. (alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1)
  const rest = Buffer.from('0000000400010004000100090268320568332d313900040004c0000201', 'hex');
  assert.deepEqual(service([0, 16, ...nameOf('foo.example.org'), ...rest]), {
    ...plain,
    priority: 16,
    target: 'foo.example.org',
    alpn: ['h2', 'h3-19'],
    hints: ['192.0.2.1'],
  });
});

test('an HTTPS record with all that we look for', () => {
  const params = [
    ...alpn('h3', 'h2'),
    ...param(3, be16(8443)),
    ...ipv4hint('192.0.2.1'),
    ...param(5, [1, 2]),
    ...ipv6hint('2001:db8::1'),
  ];
  const found = only(answer(https('example.com', 1, 'svc.example.net', params)));
  assert.ok(found.type === 'HTTPS');
  assert.deepEqual(
    { ...found.service, hints: found.service.hints.map(formatAddress) },
    {
      priority: 1,
      target: 'svc.example.net',
      alpn: ['h3', 'h2'],
      port: 8443,
      hints: ['192.0.2.1', '2001:db8::1'],
      hintsNotTaken: 0,
      ech: true,
    },
  );
});

test('parameters of AliasMode are ignored', () => {
  assert.deepEqual(service([0, 0, ...nameOf('a.example'), ...ipv4hint('192.0.2.1')]).hints, []);
});

const malformedServices: Record<string, readonly number[]> = {
  'no target': [0, 1],
  'a key twice': [0, 1, 0, ...ipv4hint('192.0.2.1'), ...ipv4hint('192.0.2.2')],
  'keys not in order': [0, 1, 0, ...param(3, be16(53)), ...alpn('h2')],
  'a value that ends after the record': [0, 1, 0, 0, 3, 0, 9, 0, 53],
  'half a key': [0, 1, 0, 0],
  'a port of three bytes': [0, 1, 0, ...param(3, [0, 0, 53])],
  'a port of one byte': [0, 1, 0, ...param(3, [53])],
  'an IPv4 hint of five bytes': [0, 1, 0, ...param(4, [1, 2, 3, 4, 5])],
  'an IPv6 hint of four bytes': [0, 1, 0, ...param(6, [1, 2, 3, 4])],
  'no hint in ipv4hint': [0, 1, 0, ...param(4, [])],
  'no protocol in alpn': [0, 1, 0, ...param(1, [])],
  'an empty protocol': [0, 1, 0, ...param(1, [2, 0x68, 0x32, 0])],
  'a protocol that is too long': [0, 1, 0, ...param(1, [9, 0x68])],
  'no-default-alpn with a value': [0, 1, 0, ...alpn('h2'), ...param(2, [1])],
  'no-default-alpn without alpn': [0, 1, 0, ...param(2, [])],
  'a mandatory key that is missing': [0, 1, 0, ...param(0, be16(1))],
  'mandatory names itself': [0, 1, 0, ...param(0, be16(0))],
  'mandatory keys not in order': [0, 1, 0, ...param(0, [0, 4, 0, 1]), ...alpn('h2'), ...ipv4hint('192.0.2.1')],
  'mandatory keys twice': [0, 1, 0, ...param(0, [0, 1, 0, 1]), ...alpn('h2')],
  'half a mandatory key': [0, 1, 0, ...param(0, [0]), ...alpn('h2')],
  'an empty ech': [0, 1, 0, ...param(5, [])],
};

for (const [what, data] of Object.entries(malformedServices)) {
  test(`a service record is malformed: ${what}`, () => {
    const error = refused(answer({ owner: 'example.com', type: types.HTTPS, data: [data] }));
    assert.match(error, /^(bad-record|truncated)$/);
  });
}

test('a service target must not be compressed', () => {
  const record = {
    owner: 'example.com',
    type: types.HTTPS,
    data: [
      [0, 1],
      [0xc0, 12],
    ],
  };
  assert.equal(refused(answer(record)), 'bad-pointer');
});

const byte = fc.oneof(fc.integer({ min: 97, max: 122 }), fc.integer({ min: 0, max: 255 }));
/** As the reader writes them, in at most 255 bytes. */
const name = fc
  .array(
    fc.uint8Array({ minLength: 1, maxLength: 20 }).chain((bytes) => fc.tuple(...[...bytes].map(() => byte))),
    {
      maxLength: 11,
    },
  )
  .map((labels) =>
    labels.length === 0
      ? '.'
      : labels
          .map((label) =>
            label
              .map((value) => (value < 0x80 ? String.fromCharCode(value).toLowerCase().charCodeAt(0) : value))
              .map((value) =>
                /[a-z0-9_-]/.test(String.fromCharCode(value))
                  ? String.fromCharCode(value)
                  : `\\${String(value).padStart(3, '0')}`,
              )
              .join(''),
          )
          .join('.'),
  )
  .filter((text) => nameOf(text).length <= 255);
const ttl = fc.integer({ min: 0, max: 0x7fff_ffff });
const address4 = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => [...bytes]);
const address6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => [0x20, ...bytes.subarray(1)]);
const record: fc.Arbitrary<RecordParts> = fc.oneof(
  fc.tuple(name, ttl, address4).map(([owner, ttl, data]) => ({ owner, ttl, type: types.A, data: [data] })),
  fc.tuple(name, ttl, address6).map(([owner, ttl, data]) => ({ owner, ttl, type: types.AAAA, data: [data] })),
  fc.tuple(name, ttl, name).map(([owner, ttl, target]) => cname(owner, target, ttl)),
  fc.tuple(name, ttl, name).map(([owner, ttl, target]) => dname(owner, target, ttl)),
  fc
    .tuple(name, fc.integer({ min: 1, max: 65535 }), name, ttl)
    .map(([owner, priority, target, ttl]) =>
      https(owner, priority, target, [...alpn('h2'), ...ipv4hint('192.0.2.9')], ttl),
    ),
);
const parts: fc.Arbitrary<MessageParts> = fc.record({
  id: fc.nat(0xffff),
  response: fc.boolean(),
  opcode: fc.nat(15),
  rcode: fc.nat(15),
  compress: fc.boolean(),
  questions: fc.record({ name, type: fc.nat(0xffff), class: fc.nat(0xffff) }).map((one) => [{ ...one }]),
  answers: fc.array(record, { maxLength: 8 }),
  additional: fc.array(record, { maxLength: 3 }),
});

test('what was written is read again', () => {
  fc.assert(
    fc.property(parts, (given) => {
      const message = parsed(buildMessage(given));
      assert.deepEqual(
        [message.id, message.response, message.opcode, message.rcode, message.question],
        [given.id, given.response, given.opcode, given.rcode, given.questions?.[0]],
      );
      const back = message.records.map((found): RecordParts => {
        if ('address' in found)
          return {
            owner: found.owner,
            ttl: found.ttl,
            type: types[found.type],
            data: [[...addressToBytes(found.address)]],
          };
        if (found.type === 'CNAME') return cname(found.owner, found.target, found.ttl);
        if (found.type === 'DNAME') return dname(found.owner, found.target, found.ttl);
        const { priority, target } = (found as Extract<DnsRecord, { service: unknown }>).service;
        return https(found.owner, priority, target, [...alpn('h2'), ...ipv4hint('192.0.2.9')], found.ttl);
      });
      assert.deepEqual(back, given.answers);
    }),
    { numRuns: 500 },
  );
});
