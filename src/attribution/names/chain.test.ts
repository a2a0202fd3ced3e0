// What an answer teaches: addresses of the name that was asked for, and nothing that the question does not lead to.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from '#model/net/address.ts';
import { parseDnsMessage } from '#wire/dns/message.ts';
import {
  a,
  aaaa,
  buildMessage,
  cname,
  dname,
  https,
  ipv4hint,
  ipv6hint,
  nameOf,
  type RecordParts,
  types,
} from '#wire/dns/writer.testing.ts';
import { followChain, maxChain, maxFound } from './chain.ts';

function followed(name: string, type: number, ...answers: RecordParts[]) {
  const message = parseDnsMessage(buildMessage({ questions: [{ name, type }], answers }));
  assert.ok(message.ok, JSON.stringify(message));
  const { found, used: _, ...counts } = followChain(message.value.question, message.value.records);
  const texts = found.map(
    ({ address, ttl, canonical = '', via }) => `${formatAddress(address)} ${ttl} ${via} ${canonical}`,
  );
  return { found: texts.map((text) => text.trim()), ...counts };
}

const clean = { offChain: 0, loops: 0, tooLong: 0, notTaken: 0 };

test('an address of the name itself', () => {
  assert.deepEqual(
    followed('example.com', types.A, a('example.com', '192.0.2.1', 60), a('EXAMPLE.com', '192.0.2.2', 50)),
    {
      ...clean,
      found: ['192.0.2.1 60 A', '192.0.2.2 50 A'],
    },
  );
});

test('a chain of CNAMEs in any order: the last name is the canonical one, the shortest TTL counts', () => {
  const records = [
    a('c.example', '192.0.2.1', 60),
    cname('b.example', 'c.example', 30),
    cname('a.example', 'b.example', 90),
  ];
  const expected = { ...clean, found: ['192.0.2.1 30 A c.example'] };
  assert.deepEqual(followed('a.example', types.A, ...records), expected);
  assert.deepEqual(followed('a.example', types.A, ...records.toReversed()), expected);
});

test('records outside of the chain teach nothing', () => {
  assert.deepEqual(
    followed(
      'attacker.example',
      types.A,
      a('attacker.example', '192.0.2.66'),
      a('bank.example', '192.0.2.67'),
      cname('bank.example', 'attacker.example'),
    ),
    { ...clean, found: ['192.0.2.66 A'].map((text) => text.replace(' A', ' 300 A')), offChain: 2 },
  );
});

test('what was not asked for teaches nothing: other types, other classes of question', () => {
  const both = [a('example.com', '192.0.2.1'), aaaa('example.com', '2001:db8::1')];
  assert.deepEqual(followed('example.com', types.A, ...both).found, ['192.0.2.1 300 A']);
  assert.deepEqual(followed('example.com', types.AAAA, ...both).found, ['2001:db8::1 300 AAAA']);
  assert.deepEqual(followed('example.com', types.TXT, ...both), { ...clean, found: [], offChain: 2 });
  assert.equal(followed('example.com', types.ANY, ...both).found.length, 2);
  const chaos = followChain({ name: 'example.com', type: types.A, class: 3 }, [
    { type: 'A', owner: 'example.com', ttl: 1, address: { family: 4, w0: 0, w1: 0, w2: 0, w3: 1 } },
  ]);
  assert.deepEqual([chaos.found, chaos.offChain], [[], 1]);
});

test('a DNAME substitutes what is below it, and not itself', () => {
  const records = [dname('example.com', 'example.net', 40), a('www.example.net', '192.0.2.1')];
  assert.deepEqual(followed('www.example.com', types.A, ...records), {
    ...clean,
    found: ['192.0.2.1 40 A www.example.net'],
  });
  assert.deepEqual(followed('www.example.com', types.A, cname('www.example.com', 'www.example.net', 0), ...records), {
    ...clean,
    found: ['192.0.2.1 0 A www.example.net'],
  });
  assert.deepEqual(followed('example.com', types.A, ...records), { ...clean, found: [], offChain: 2 });
  assert.deepEqual(followed('badexample.com', types.A, ...records), { ...clean, found: [], offChain: 2 });
});

test('a DNAME that makes a name longer than 255 bytes leads nowhere', () => {
  const long = ['x'.repeat(63), 'x'.repeat(63), 'x'.repeat(63)].join('.');
  const records = [dname('example.com', `${long}.example.net`)];
  assert.deepEqual(followed(`${'y'.repeat(60)}.example.com`, types.A, ...records).found, []);
});

test('a loop is counted, and the names in it still count', () => {
  const records = [cname('a.example', 'b.example'), cname('b.example', 'a.example'), a('b.example', '192.0.2.1')];
  assert.deepEqual(followed('a.example', types.A, ...records), {
    ...clean,
    loops: 1,
    found: ['192.0.2.1 300 A b.example'],
  });
  assert.equal(followed('a.example', types.A, cname('a.example', 'a.example')).loops, 1);
});

test(`a chain of more than ${maxChain} names ends there`, () => {
  const links = (count: number) => [
    ...Array.from({ length: count - 1 }, (_, at) => cname(`n${at}.example`, `n${at + 1}.example`)),
    a(`n${count - 1}.example`, '192.0.2.1'),
  ];
  assert.equal(followed('n0.example', types.A, ...links(maxChain)).found.length, 1);
  const long = followed('n0.example', types.A, ...links(maxChain + 1));
  assert.deepEqual([long.found, long.tooLong], [[], 1]);
});

test('of two aliases of one name the first counts', () => {
  const records = [
    cname('a.example', 'b.example'),
    cname('a.example', 'c.example'),
    a('b.example', '192.0.2.1'),
    a('c.example', '192.0.2.2'),
  ];
  assert.deepEqual(followed('a.example', types.A, ...records), {
    ...clean,
    found: ['192.0.2.1 300 A b.example'],
    offChain: 2,
  });
});

test('hints of a service are addresses of the name asked for', () => {
  const params = [...ipv4hint('192.0.2.1'), ...ipv6hint('2001:db8::1')];
  assert.deepEqual(followed('example.com', types.HTTPS, https('example.com', 1, '.', params, 20)), {
    ...clean,
    found: ['192.0.2.1 20 HTTPS', '2001:db8::1 20 HTTPS'],
  });
  const alias = cname('www.example.com', 'example.com', 10);
  assert.deepEqual(
    followed('www.example.com', types.HTTPS, alias, https('example.com', 1, 'svc.example', params, 20)).found,
    ['192.0.2.1 10 HTTPS svc.example', '2001:db8::1 10 HTTPS svc.example'],
  );
});

test('targets of services lead to their addresses, and addresses of others do not count', () => {
  assert.deepEqual(
    followed(
      'example.com',
      types.HTTPS,
      https('example.com', 0, 'pool.example', [], 100),
      https('pool.example', 1, 'svc.example', [], 90),
      cname('svc.example', 'real.example', 80),
      a('real.example', '192.0.2.1', 300),
      a('example.com', '192.0.2.2'),
      a('elsewhere.example', '192.0.2.3'),
    ),
    { ...clean, found: ['192.0.2.1 80 A real.example'], offChain: 2 },
  );
  const none = followed('example.com', types.HTTPS, https('example.com', 0, '.'), a('example.com', '192.0.2.1'));
  assert.deepEqual(none.found, []);
  // A service record is no answer to a question for addresses.
  assert.deepEqual(followed('example.com', types.A, https('example.com', 1, '.', ipv4hint('192.0.2.1'))).found, []);
});

test('hints of a service that nothing leads to teach nothing', () => {
  const record = https('bank.example', 1, '.', ipv4hint('192.0.2.66'));
  assert.deepEqual(followed('attacker.example', types.HTTPS, record), { ...clean, found: [], offChain: 1 });
});

test(`more than ${maxFound} addresses are counted and not taken`, () => {
  const hints = ipv4hint(...Array.from({ length: 30 }, (_, at) => `192.0.2.${at}`));
  const records = Array.from({ length: 10 }, (_, at) => https('example.com', at + 1, '.', hints));
  const { found, notTaken } = followed('example.com', types.HTTPS, ...records);
  assert.deepEqual([found.length, notTaken], [maxFound, 300 - maxFound]);
});

test('what is of use is told: the records of the question and the aliases on the way, and no others', () => {
  const used = (name: string, type: number, ...answers: RecordParts[]) => {
    const message = parseDnsMessage(buildMessage({ questions: [{ name, type }], answers }));
    assert.ok(message.ok);
    return [...followChain(message.value.question, message.value.records).used].map(
      (one) => `${one.owner} ${one.type}`,
    );
  };
  const alias = cname('a.example', 'b.example');
  const srv = (owner: string): RecordParts => ({ owner, type: 33, data: [[0, 1, 0, 2, 1, 187], nameOf('x.example')] });
  const ptr = (owner: string): RecordParts => ({ owner, type: 12, data: [{ name: 'x.example' }] });
  const all = [a('c.example', '192.0.2.9'), alias, a('b.example', '192.0.2.1'), srv('b.example'), ptr('b.example')];
  assert.deepEqual(used('a.example', types.A, ...all), ['a.example CNAME', 'b.example A']);
  assert.deepEqual(used('a.example', 33, ...all, srv('c.example')), ['a.example CNAME', 'b.example SRV']);
  assert.deepEqual(used('a.example', 12, ...all, ptr('c.example')), ['a.example CNAME', 'b.example PTR']);
  assert.deepEqual(used('a.example', types.CNAME, ...all), ['a.example CNAME']);
  assert.deepEqual(used('a.example', types.TXT, ...all), []);
});
