// Ranges of numbers and addresses: the same members in fewer words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAddress, formatPrefix, ipv4, prefixHolds } from '#model/net/address.ts';
import { rangePrefixes } from './addressrange.ts';
import { levelsOf, maxLevels } from './levels.ts';
import { commonRanges, holdsNumber, ranges } from './ranges.ts';

test('a range of addresses is the prefixes that hold exactly these', () => {
  const text = (from: string, to: string) => {
    const made = rangePrefixes(`${from}-${to}`);
    return made.ok ? made.value.map(formatPrefix) : made.error;
  };
  assert.deepEqual(text('10.0.0.0', '10.255.255.255'), ['10.0.0.0/8']);
  assert.deepEqual(text('10.0.0.1', '10.0.0.4'), ['10.0.0.1', '10.0.0.2/31', '10.0.0.4']);
  assert.deepEqual(text('0.0.0.0', '255.255.255.255'), ['0.0.0.0/0']);
  assert.deepEqual(text('2001:db8::', '2001:db8::ffff'), ['2001:db8::/112']);
  assert.match(String(text('10.0.0.2', '10.0.0.1')), /ends before/);
  assert.match(String(text('10.0.0.2', '::1')), /no range/);
  assert.equal(text('::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff')[0], '::/0');
  const word = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(
    fc.property(word, fc.integer({ min: 0, max: 5000 }), fc.integer({ min: -3, max: 5003 }), (first, length, at) => {
      const last = Math.min(first + length, 0xffffffff);
      const made = rangePrefixes(`${formatAddress(ipv4(first))}-${formatAddress(ipv4(last))}`);
      assert.ok(made.ok);
      const one = first + at;
      if (one < 0 || one > 0xffffffff) return;
      assert.equal(
        made.value.filter((prefix) => prefixHolds(prefix, ipv4(one))).length,
        one >= first && one <= last ? 1 : 0,
      );
    }),
  );
});

test('sets of numbers have the numbers that were put in, and common ones those of both', () => {
  const set = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 20 });
  fc.assert(
    fc.property(set, set, (a, b) => {
      const [left, right] = [ranges(a), ranges(b)];
      const shared = commonRanges(left, right);
      for (let number = 0; number <= 40; number++) {
        assert.equal(holdsNumber(left, number), a.includes(number));
        assert.equal(holdsNumber(shared, number), a.includes(number) && b.includes(number));
      }
    }),
  );
});

test('levels fall with each change of action, and what is not final stands below all', () => {
  const steps = fc.array(
    fc
      .record({ action: fc.constantFrom('allow', 'drop', 'reject'), final: fc.boolean() })
      .map((step) => ({ ...step, final: step.final || step.action !== 'allow' })),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(steps, (some) => {
      const levels = levelsOf(some) as number[];
      const final = some.map((step, at) => ({ ...step, level: levels[at] ?? Number.NaN })).filter((step) => step.final);
      for (const [at, step] of final.entries()) {
        const before = final[at - 1];
        if (before !== undefined) assert.equal(before.level - step.level, before.action === step.action ? 0 : 1);
        assert.ok(step.level > 0);
      }
      some.forEach((step, at) => {
        if (!step.final) assert.equal(levels[at], 0);
      });
    }),
  );
  const many = Array.from(
    { length: 3000 },
    (_, at) => ({ action: at % 2 === 0 ? 'drop' : 'reject', final: true }) as const,
  );
  assert.equal(levelsOf(many).filter((level) => level !== undefined).length, maxLevels);
});
