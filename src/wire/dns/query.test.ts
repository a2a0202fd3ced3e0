// Questions of programs, taken or refused; questions of our own, read back by the reader of messages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDnsMessage } from './message.ts';
import { ednsSize, formatQuery, parseQuery } from './query.ts';
import { nameOfType } from './typename.ts';
import { a, be16, buildMessage, buildQuery, type MessageParts, nameOf, types } from './writer.testing.ts';

const question = { name: 'WWW.example.com', type: types.A };
const opt = (data: readonly number[] = [], ttl = 0) => ({
  owner: '.',
  type: types.OPT,
  class: 1400,
  ttl,
  data: [data],
});
const query = (parts: MessageParts = {}) =>
  buildMessage({ id: 0xabcd, response: false, questions: [question], ...parts });

test('a question, its case kept for the answer and nowhere else', () => {
  const parsed = parseQuery(query());
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.value.question, { name: 'www.example.com', type: 1, class: 1 });
  assert.deepEqual([...parsed.value.asked], [...nameOf('WWW.example.com'), 0, 1, 0, 1]);
  assert.deepEqual([parsed.value.id, parsed.value.repeated, parsed.value.edns], [0xabcd, 0x0100, undefined]);
});

test('what its OPT record says', () => {
  const cookie = [0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8];
  const parsed = parseQuery(query({ additional: [opt([...cookie, 0, 12, 0, 0])] }));
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.value.edns, { size: 1400, version: 0 });
  const later = parseQuery(query({ additional: [opt([], 0x0001_8000)] }));
  assert.equal(later.ok && later.value.edns?.version, 1);
});

/** The reply's id and code; `none` where there is none, `ok` where it is a question. */
function problem(bytes: Uint8Array): string {
  const parsed = parseQuery(bytes);
  if (parsed.ok) return 'ok';
  const { reply } = parsed.error;
  if (reply === undefined) return 'none';
  assert.equal(reply.length, 12);
  assert.equal((reply[2] as number) & 0x80, 0x80, 'an answer');
  assert.deepEqual([...reply.subarray(0, 2)], [0xab, 0xcd]);
  return ['ok', 'formerr', 'servfail', 'nxdomain', 'notimp'][(reply[3] as number) & 15] ?? '?';
}

const raw = (...name: number[]) =>
  Uint8Array.from([0xab, 0xcd, 1, 0, ...[1, 0, 0, 0].flatMap(be16), ...name, 0, 1, 0, 1]);

test('what is no question', () => {
  const whole = query({ additional: [opt([0, 10, 0, 2, 1, 2])] });
  for (const [what, bytes, said] of [
    ['an answer', query({ response: true }), 'none'],
    ['less than a header', whole.subarray(0, 11), 'none'],
    ['nothing', new Uint8Array(0), 'none'],
    ['a notification', query({ opcode: 4 }), 'notimp'],
    ['an update', query({ opcode: 5 }), 'notimp'],
    ['no question', query({ questions: [] }), 'formerr'],
    ['two', query({ questions: [question, question] }), 'formerr'],
    ['one with an answer', query({ answers: [a('x', '192.0.2.1')] }), 'formerr'],
    ['one with an authority', query({ authority: [a('x', '192.0.2.1')] }), 'formerr'],
    ['one with another record', query({ additional: [a('.', '192.0.2.1')] }), 'formerr'],
    ['two OPT records', query({ additional: [opt(), opt()] }), 'formerr'],
    ['an OPT record of another name', query({ additional: [{ ...opt(), owner: 'x' }] }), 'formerr'],
    ['an option longer than its record', query({ additional: [opt([0, 10, 0, 9, 1])] }), 'formerr'],
    ['half an option', query({ additional: [opt([0, 10, 0])] }), 'formerr'],
    ['a truncated one', query({ tc: true }), 'formerr'],
    ['one with a code', query({ rcode: 3 }), 'formerr'],
    ['a byte behind it', Uint8Array.from([...query(), 0]), 'formerr'],
    ['a byte behind its OPT record', Uint8Array.from([...whole, 0]), 'formerr'],
    ['a name that points at the header', raw(0xc0, 0), 'formerr'],
    ['a name that points at itself', raw(0xc0, 12), 'formerr'],
    ['a label and a pointer', raw(1, 0x61, 0xc0, 12), 'formerr'],
    ['another type of label', raw(0x41, 1, 0), 'formerr'],
    [
      'a name of 256 bytes',
      raw(...Array.from({ length: 4 }, () => [63, ...new Array(63).fill(97)]).flat(), 0),
      'formerr',
    ],
  ] as const) {
    assert.equal(problem(bytes), said, what);
  }
  assert.equal(problem(whole), 'ok');
  for (let end = 12; end < whole.length; end++) assert.equal(problem(whole.subarray(0, end)), 'formerr', String(end));
});

test('a question of our own: recursion, an OPT record without options, and name and type alone of what was asked', () => {
  const bytes = formatQuery(0x1234, { name: 'www.example.com', type: types.AAAA });
  const expected = [0x12, 0x34, 1, 0, ...[1, 0, 0, 1].flatMap(be16), ...nameOf('www.example.com'), 0, 28, 0, 1];
  assert.deepEqual([...bytes], [...expected, 0, 0, 41, ...be16(ednsSize), 0, 0, 0, 0, 0, 0]);
});

test('whatever the name is, it is written as it was read', () => {
  const label = fc.uint8Array({ minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(label, { minLength: 0, maxLength: 8 }), (labels) => {
      const bytes = labels.flatMap((one) => [one.length, ...one]);
      const asked = parseQuery(raw(...bytes, 0));
      assert.ok(asked.ok);
      const own = formatQuery(7, asked.value.question);
      const back = parseDnsMessage(own);
      assert.ok(back.ok && !back.value.response);
      assert.deepEqual(back.value.question, asked.value.question);
      assert.equal(own.length, 12 + bytes.length + 1 + 4 + 11);
    }),
  );
});

test('types have names', () => {
  assert.deepEqual([1, 16, 28, 65, 255, 65280].map(nameOfType), ['A', 'TXT', 'AAAA', 'HTTPS', 'ANY', 'TYPE65280']);
});

test('a question as resolvers send it is one', () => assert.equal(parseQuery(buildQuery(1, 'example.com')).ok, true));
