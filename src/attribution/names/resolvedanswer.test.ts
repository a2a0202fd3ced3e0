// What an answer of systemd-resolved teaches: the names that lead to an address, and nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from '#model/net/address.ts';
import { a, aaaa, cname, types } from '#wire/dns/writer.testing.ts';
import { parseMonitorReply } from '#wire/varlink/monitor.ts';
import { type AnswerParts, answerReply } from '#wire/varlink/resolved.testing.ts';
import { lessonsOf, maxLessons } from './resolvedanswer.ts';

function lessons(parts: AnswerParts) {
  const parsed = parseMonitorReply(answerReply(parts));
  assert.ok(parsed.ok && parsed.value.type === 'answer');
  return lessonsOf(parsed.value.answer);
}
const brief = (parts: AnswerParts) =>
  lessons(parts).lessons.map(({ name, address, ttl, canonical }) => [name, formatAddress(address), ttl, canonical]);

const bothOf = (name: string) => [
  { name, type: types.A },
  { name, type: types.AAAA },
];

test('both families, for all, by systemd-resolved', () => {
  const questions = bothOf('site.example');
  const answers = [a('site.example', '198.51.100.7', 60), aaaa('site.example', '2001:db8::7', 30)];
  assert.deepEqual(brief({ questions, answers }), [
    ['site.example', '198.51.100.7', 60, undefined],
    ['site.example', '2001:db8::7', 30, undefined],
  ]);
  const [first] = lessons({ questions, answers }).lessons;
  assert.deepEqual(
    [first?.from, first?.asker, first?.server, first?.ownServer],
    ['resolved', undefined, undefined, false],
  );
});

test('the alias that was asked for, with the shortest TTL of the way; not the name that it leads to', () => {
  const answers = [cname('site.example', 'edge.example', 20), a('edge.example', '198.51.100.7', 60)];
  assert.deepEqual(brief({ questions: bothOf('site.example'), answers }), [
    ['site.example', '198.51.100.7', 20, 'edge.example'],
  ]);
});

test('an alias that resolved followed by asking anew has the addresses of the last question, of the same type', () => {
  const parts = {
    questions: [{ name: 'edge.example', type: types.A }],
    collected: [
      { name: 'site.example', type: types.A },
      { name: 'other.example', type: types.AAAA },
    ],
    answers: [a('edge.example', '198.51.100.7', 60)],
  };
  assert.deepEqual(brief(parts), [
    ['edge.example', '198.51.100.7', 60, undefined],
    ['site.example', '198.51.100.7', 60, 'edge.example'],
  ]);
});

test('records beside the way, of another family or class, and reverse questions teach nothing', () => {
  const stray = [a('bank.example', '198.51.100.7'), cname('bank.example', 'site.example')];
  assert.deepEqual(brief({ questions: bothOf('site.example'), answers: stray }), []);
  const answers = [a('site.example', '198.51.100.7')];
  assert.deepEqual(brief({ questions: [{ name: 'site.example', type: types.AAAA }], answers }), []);
  assert.deepEqual(brief({ questions: [{ name: 'site.example', type: types.A, class: 3 }], answers }), []);
  assert.deepEqual(brief({ questions: [{ name: 'site.example', type: 12 }], answers }), []);
  assert.deepEqual(brief({ questions: bothOf('site.example') }), []);
});

test('many aliases of many addresses are bounded, and what is left out is counted', () => {
  const collected = Array.from({ length: 60 }, (_, index) => ({ name: `n${index}.example`, type: types.A }));
  const answers = Array.from({ length: 200 }, (_, index) => a('edge.example', `198.51.100.${index}`));
  const all = lessons({ questions: [{ name: 'edge.example', type: types.A }], collected, answers });
  assert.equal(all.lessons.length, maxLessons);
  assert.equal(all.notTaken, 200 * 61 - maxLessons);
});
