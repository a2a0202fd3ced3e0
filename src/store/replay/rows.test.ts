// An attempt is read out of its record as JSON itself reads it, whatever the order of members and whatever strings say.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { connectionSchema } from '#model/connection.ts';
import { bigConnection, chance } from '../../../test/web/bigjournal.ts';
import { attemptIn } from './rows.ts';

const hostile = [',"action":', '},"end":{', '"attempt":{', '\\",\\"action\\":', '}}', '\\', '"', '\u2028'];
const text = fc.oneof(
  fc.string(),
  fc.constantFrom(...hostile),
  fc.array(fc.constantFrom(...hostile)).map((all) => all.join('')),
);

test('the attempt of a record, and no other part of it', () => {
  const made = connectionSchema.parse(bigConnection(1, 1000, chance(1)));
  fc.assert(
    fc.property(
      fc.array(text),
      text,
      fc.boolean(),
      fc.shuffledSubarray(Object.keys(made), { minLength: Object.keys(made).length }),
      (args, exe, ends, order) => {
        const one: Record<string, unknown> = {
          ...made,
          rule: exe,
          attempt: { ...made.attempt, process: { ...made.attempt.process, args, exe } },
        };
        if (!ends) delete one.end;
        const shuffled = Object.fromEntries(order.flatMap((key) => (key in one ? [[key, one[key]]] : [])));
        for (const each of [one, shuffled]) assert.deepEqual(attemptIn(JSON.stringify(each)), one.attempt);
      },
    ),
    { numRuns: 3000 },
  );
});
