// What systemd-resolved's monitor says, right and wrong.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAddress } from '#model/net/address.ts';
import { maxRecords } from '../dns/message.ts';
import { a, aaaa, cname, https, ipv4hint, types } from '../dns/writer.testing.ts';
import { maxQuestions, parseMonitorReply, type ResolvedAnswer, subscribeCall } from './monitor.ts';
import { answerReply, rawOf, readyReply, sent } from './resolved.testing.ts';
import { VarlinkStream } from './stream.ts';

function answerOf(message: object): ResolvedAnswer {
  const parsed = parseMonitorReply(message);
  assert.ok(parsed.ok && parsed.value.type === 'answer', JSON.stringify(parsed));
  return parsed.value.answer;
}

const bothOf = (name: string) => [
  { name, type: types.A },
  { name, type: types.AAAA },
];

test('the call asks for more than one reply, and ends with a NUL', () => {
  const text = Buffer.from(subscribeCall).toString();
  assert.equal(text.indexOf('\0'), text.length - 1);
  assert.deepEqual(JSON.parse(text.slice(0, -1)), {
    method: 'io.systemd.Resolve.Monitor.SubscribeQueryResults',
    parameters: {},
    more: true,
  });
});

test('ready, failed, refused', () => {
  const kinds: [object, object][] = [
    [readyReply, { type: 'ready' }],
    [answerReply({ state: 'rcode-failure', questions: bothOf('x.example') }), { type: 'failed' }],
    [
      answerReply({ state: 'timeout', questions: bothOf('x.example'), answers: [a('x.example', '192.0.2.1')] }),
      { type: 'failed' },
    ],
    [
      { error: 'io.systemd.PermissionDenied', parameters: {} },
      { type: 'error', error: 'io.systemd.PermissionDenied' },
    ],
  ];
  for (const [message, wanted] of kinds) assert.deepEqual(parseMonitorReply(message), { ok: true, value: wanted });
});

test('an answer with an alias, as a message that was sent: names, addresses, TTLs', () => {
  const reply = answerReply({
    questions: bothOf('Site.Example.'),
    answers: [
      cname('Site.example', 'EDGE.example', 120),
      a('edge.example', '198.51.100.7', 300),
      aaaa('edge.example', '2001:db8::7', 30),
    ],
  });
  const [message] = new VarlinkStream().handle(sent(reply));
  const { questions, aliases, records, notTaken } = answerOf(message as object);
  assert.deepEqual(questions, [
    { name: 'site.example', type: types.A, class: 1 },
    { name: 'site.example', type: types.AAAA, class: 1 },
  ]);
  assert.deepEqual(aliases, []);
  assert.deepEqual(records, [
    { owner: 'site.example', ttl: 120, type: 'CNAME', target: 'edge.example' },
    { owner: 'edge.example', ttl: 300, type: 'A', address: parseAddress('198.51.100.7') },
    { owner: 'edge.example', ttl: 30, type: 'AAAA', address: parseAddress('2001:db8::7') },
  ]);
  assert.equal(notTaken, 0);
});

test('questions before, services, and records that lead nowhere', () => {
  const { aliases, records, notTaken } = answerOf(
    answerReply({
      questions: [{ name: 'edge.example', type: types.HTTPS }],
      collected: [{ name: 'site.example', type: types.HTTPS }],
      answers: [
        https('edge.example', 1, '.', ipv4hint('192.0.2.8')),
        { owner: 'edge.example', type: types.TXT, data: [[1, 0x61]] },
        { ...a('edge.example', '192.0.2.9'), class: 3 },
      ],
    }),
  );
  assert.deepEqual(aliases, [{ name: 'site.example', type: types.HTTPS, class: 1 }]);
  assert.deepEqual([records.length, records[0]?.type, notTaken], [1, 'HTTPS', 0]);
});

test('what cannot be read is left out and counted', () => {
  const good = Buffer.from(rawOf(a('x.example', '192.0.2.1')));
  const raws = [
    '!',
    '',
    good.subarray(0, -1).toString('base64'),
    Buffer.concat([good, Buffer.from([0])]).toString('base64'),
    // A pointer, to the record's own first byte and beyond it.
    Buffer.from([0xc0, 0, ...good.subarray(11)]).toString('base64'),
    Buffer.from([0xc0, 12, ...good.subarray(11)]).toString('base64'),
    // A target that points at the second label of the owner.
    Buffer.from(rawOf({ owner: 'abcdefghijklmnop.example', type: types.CNAME, data: [[0xc0, 17]] })).toString('base64'),
    good.toString('base64'),
  ];
  const message = {
    parameters: {
      state: 'success',
      question: [
        ...bothOf('x.example').map((key) => ({ ...key, class: 1 })),
        { name: 'x..example', type: 1, class: 1 },
      ],
      answer: raws.map((raw) => ({ raw })),
      extendedDNSErrorCode: 1,
    },
  };
  const { questions, records, notTaken } = answerOf(message);
  assert.deepEqual([questions.length, records.length, notTaken], [2, 1, 8]);
});

test('a TTL with the highest bit set is zero', () => {
  const { records } = answerOf(
    answerReply({ questions: bothOf('x.example'), answers: [a('x.example', '192.0.2.1', 0x8000_0000)] }),
  );
  assert.equal(records[0]?.ttl, 0);
});

test('more than anybody needs is not taken', () => {
  const names = Array.from({ length: 1000 }, (_, index) => ({ name: `n${index}.example`, type: types.A }));
  const answers = names.map(({ name }) => a(name, '192.0.2.1'));
  const { questions, records, notTaken } = answerOf(answerReply({ questions: names, answers }));
  assert.deepEqual([questions.length, records.length], [maxQuestions, maxRecords]);
  assert.equal(notTaken, 1000 - maxQuestions + 1000 - maxRecords);
});

test('what is no reply of this method is refused', () => {
  const wrong: object[] = [
    {},
    { parameters: {} },
    { parameters: [] },
    { parameters: { ready: 'yes' } },
    { parameters: { state: 1 } },
    { parameters: { state: 'success', question: {} } },
    { parameters: { state: 'success', question: [{ name: 'x', type: 70_000, class: 1 }] } },
    { parameters: { state: 'success', question: [{ name: 'x', type: 1.5, class: 1 }] } },
    { parameters: { state: 'success', answer: [{ raw: [1] }] } },
    { parameters: { state: 'success', answer: [{ rr: {} }] } },
    { error: 5 },
  ];
  for (const message of wrong) assert.deepEqual(parseMonitorReply(message), { ok: false, error: 'bad-reply' });
});

test('whatever comes: nothing throws, and what is taken is bounded and can be shown', () => {
  const mostly = <T>(right: readonly T[], wrong: readonly T[]) =>
    fc.oneof({ weight: 30, arbitrary: fc.constantFrom(...right) }, fc.constantFrom(...wrong));
  const key = fc.record({
    class: mostly<unknown>([1, 1, 3], [-1, '1', null]),
    type: mostly<unknown>([1, 28, 65, 255], [65_536, Number.NaN]),
    name: fc.oneof(fc.constantFrom('site.example', 'a..b', '\\9', '.'), fc.string({ maxLength: 8 })),
  });
  const keys = fc.oneof({ weight: 30, arbitrary: fc.array(key, { maxLength: 3 }) }, fc.jsonValue({ maxDepth: 1 }));
  const start = [...rawOf(a('x.example', '192.0.2.1'))];
  const raw = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64')),
    fc
      .tuple(fc.nat(start.length - 1), fc.nat(255))
      .map(([at, byte]) => Buffer.from(start.with(at, byte)).toString('base64')),
  );
  const reply = fc.record(
    {
      error: mostly<unknown>([null], ['io.systemd.X', 1]),
      parameters: fc.record(
        {
          ready: mostly<unknown>([false, null], [true, 1]),
          state: mostly<unknown>(['success'], ['timeout', 7]),
          question: keys,
          collectedQuestions: keys,
          answer: fc.array(fc.record({ raw, rr: fc.jsonValue({ maxDepth: 1 }) }, { requiredKeys: ['raw'] }), {
            maxLength: 3,
          }),
        },
        { requiredKeys: ['state'] },
      ),
    },
    { requiredKeys: ['parameters'] },
  );
  let answers = 0;
  fc.assert(
    fc.property(reply, fc.nat(), fc.option(fc.nat(255), { freq: 2 }), (message, place, byte) => {
      const bytes = sent(message);
      if (byte !== null) bytes[place % bytes.length] = byte;
      for (const one of new VarlinkStream().handle(bytes)) {
        const parsed = parseMonitorReply(one);
        if (!parsed.ok || parsed.value.type !== 'answer') continue;
        answers += 1;
        const { questions, aliases, records } = parsed.value.answer;
        for (const { name } of [...questions, ...aliases, ...records.map(({ owner }) => ({ name: owner }))]) {
          assert.match(name, /^[a-z0-9_.\\-]{1,1020}$/);
        }
      }
    }),
    { numRuns: 100_000 },
  );
  assert.ok(answers > 5000, `only ${answers} were answers`);
});
