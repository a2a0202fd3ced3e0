// The heap gives what ends first, whatever was added, moved and removed before.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Deadlines, type Ending } from './deadlines.ts';

test('next is the earliest, after any additions, moves and removals', () => {
  const step = fc.record({
    do: fc.constantFrom('add', 'add', 'move', 'remove', 'pop'),
    which: fc.nat(),
    until: fc.nat(50),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
      const deadlines = new Deadlines<Ending>();
      const plain: Ending[] = [];
      for (const { do: what, which, until } of steps) {
        const entry = what === 'pop' ? deadlines.next() : plain[which % Math.max(plain.length, 1)];
        if (what === 'add') {
          const added = { until, place: -1 };
          plain.push(added);
          deadlines.add(added);
        } else if (entry !== undefined && what === 'move') {
          deadlines.move(entry, until);
        } else if (entry !== undefined) {
          plain.splice(plain.indexOf(entry), 1);
          deadlines.remove(entry);
          assert.equal(entry.place, -1);
        }
        const earliest = plain.length === 0 ? undefined : Math.min(...plain.map((one) => one.until));
        assert.equal(deadlines.next()?.until, earliest);
      }
    }),
    { numRuns: 500 },
  );
});
