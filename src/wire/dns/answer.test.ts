// Answers written here and read by the reader of messages; and the addresses of reverse names.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAddress } from '#model/net/address.ts';
import { type DnsAnswer, formatAnswer } from './answer.ts';
import { type DnsRecord, parseDnsMessage } from './message.ts';
import { type DnsQuery, parseQuery } from './query.ts';
import { parseReverseName } from './reverse.ts';
import { a, aaaa, alpn, buildMessage, cname, dname, https, ipv4hint, types } from './writer.testing.ts';

const opt = { owner: '.', type: types.OPT, class: 1232, ttl: 0, data: [] };

function asked(name: string, type: number, edns = false): DnsQuery {
  const query = parseQuery(
    buildMessage({ id: 77, response: false, questions: [{ name, type }], additional: edns ? [opt] : [] }),
  );
  assert.ok(query.ok);
  return query.value;
}

const records = (...answers: Parameters<typeof buildMessage>[0]['answers'] & object): readonly DnsRecord[] => {
  const message = parseDnsMessage(buildMessage({ questions: [{ name: 'x', type: 1 }], answers }));
  assert.ok(message.ok);
  return message.value.records;
};
const read = (query: DnsQuery, answer: DnsAnswer, most = 65535, ttl = 2 ** 31 - 1) => {
  const message = parseDnsMessage(formatAnswer(query, answer, most, ttl));
  assert.ok(message.ok, JSON.stringify(message));
  return message.value;
};

test('records of all types come back as they were', () => {
  const all = records(
    dname('example.com', 'example.net'),
    cname('www.example.com', 'www.example.net'),
    a('www.example.net', '192.0.2.1'),
    aaaa('www.example.net', '2001:db8::1', 0),
    https('www.example.net', 1, '.', [...alpn('h2'), ...ipv4hint('192.0.2.1')]),
    { owner: '_x._tcp.example.net', type: 33, data: [[0, 1, 0, 2, 1, 187], { name: 'www.example.net' }] },
    { owner: '1.2.0.192.in-addr.arpa', type: 12, data: [{ name: 'www.example.net' }] },
    a('\\000\\046.example', '192.0.2.2'),
  );
  assert.equal(all.length, 8);
  const message = read(asked('wWw.example.com', types.A), { rcode: 0, records: all });
  assert.deepEqual(message.records, all);
  assert.deepEqual([message.id, message.response, message.rcode], [77, true, 0]);
});

test('the question as it was asked, and names that stand already pointed at', () => {
  const query = asked('WwW.Example.com', types.A);
  const bytes = formatAnswer(query, { rcode: 0, records: records(a('www.example.com', '192.0.2.1')) }, 512, 60);
  assert.deepEqual([...bytes.subarray(12, 12 + query.asked.length)], [...query.asked]);
  assert.equal(bytes.length, 12 + query.asked.length + 16);
  const edge = records(cname('www.example.com', 'edge.example.com'), a('edge.example.com', '192.0.2.1'));
  assert.equal(formatAnswer(query, { rcode: 0, records: edge }, 512, 60).length, 12 + query.asked.length + 12 + 7 + 16);
});

test('no TTL is longer than what may be', () => {
  const long = records(a('x', '192.0.2.1', 86400), a('x', '192.0.2.2', 20));
  assert.deepEqual(
    read(asked('x', types.A), { rcode: 0, records: long }, 512, 300).records.map(({ ttl }) => ttl),
    [300, 20],
  );
});

test('what does not fit is truncated, and says so', () => {
  const many = records(...Array.from({ length: 40 }, (_, at) => a('x', `192.0.2.${at}`)));
  const query = asked('x', types.A, true);
  const cut = formatAnswer(query, { rcode: 0, records: many }, 512, 60);
  const message = parseDnsMessage(cut);
  assert.ok(message.ok && message.value.truncated && cut.length <= 512);
  assert.deepEqual([...cut.subarray(4, 12)], [0, 1, 0, 0, 0, 0, 0, 1]);
  assert.equal(read(query, { rcode: 0, records: many }, 4096).records.length, 40);
});

test('why it is none, for who asked with EDNS', () => {
  const because = { code: 15, text: 'Postern: no' };
  const bytes = Buffer.from(formatAnswer(asked('x', types.A, true), { rcode: 3, because }, 512, 60));
  assert.ok(bytes.subarray(-11).equals(Buffer.from('Postern: no')));
  assert.deepEqual([...bytes.subarray(-19, -11)], [0, 17, 0, 15, 0, 13, 0, 15]);
  assert.equal(read(asked('x', types.A, true), { rcode: 3, because }).rcode, 3);
  assert.equal(read(asked('x', types.A, true), { rcode: 16 }).rcode, 16, 'the upper bits of BADVERS');
  const plain = Buffer.from(formatAnswer(asked('x', types.A), { rcode: 3, because }, 512, 60));
  assert.deepEqual([...plain.subarray(10, 12), plain.includes('Postern')], [0, 0, false]);
});

test('the address that a reverse name stands for', () => {
  const text = (name: string) => {
    const address = parseReverseName(name);
    return address && formatAddress(address);
  };
  assert.equal(text('7.100.51.198.in-addr.arpa'), '198.51.100.7');
  assert.equal(text(`${'1.0.0.0.'}${'0.'.repeat(20)}8.b.d.0.1.0.0.2.ip6.arpa`), '2001:db8::1');
  for (const name of [
    ...['in-addr.arpa', '100.51.198.in-addr.arpa', '1.7.100.51.198.in-addr.arpa', '07.100.51.198.in-addr.arpa'],
    ...['256.100.51.198.in-addr.arpa', 'x.100.51.198.in-addr.arpa', '0-31.100.51.198.in-addr.arpa', '1.ip6.arpa'],
    ...[`${'g.'.repeat(32)}ip6.arpa`, `${'0.'.repeat(33)}ip6.arpa`, 'example.com'],
  ]) {
    assert.equal(text(name), undefined, name);
  }
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
      assert.equal(text(`${[...bytes].reverse().join('.')}.in-addr.arpa`), bytes.join('.'));
    }),
  );
});
