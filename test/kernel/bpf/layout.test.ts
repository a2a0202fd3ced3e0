// What programs and user space share is laid out the same on both sides, and has no byte without a meaning.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { directionCodes, flowEvents, flowLayouts, maskFields, verdictCodes } from '#kernel/bpf/flows/layout.ts';
import { countSlots, cuts, eventTypes, layouts, processFlags } from '#kernel/bpf/layout.ts';
import { objectsFolder } from '#kernel/bpf/tier.ts';
import { nameRoom, unixObject } from '#kernel/bpf/unix/parts.ts';
import { structsOf } from './btf.ts';

const header = readFileSync(join(import.meta.dirname, '../../../bpf/shared.h'), 'utf8');

for (const variant of ['btf', 'probe', 'lsm', 'unix']) {
  test(`every structure of the ${variant} object lies as layout.ts says`, () => {
    const structs = structsOf(join(objectsFolder, `postern.${variant}.bpf.o`));
    for (const [name, { size, ...members }] of Object.entries({ ...layouts, ...flowLayouts })) {
      const found = structs.get(name);
      // That of Unix sockets has no more of these than its maps do.
      if (variant === 'unix' && found === undefined) continue;
      assert.ok(found, `the object has no struct ${name}`);
      assert.deepEqual({ size, ...members }, { size: found.size, ...found.members }, `struct ${name}`);
    }
  });
}

test('the object of Unix sockets has what it shares', () => {
  const structs = structsOf(unixObject);
  for (const name of ['config', 'process', 'confinement', 'told']) assert.ok(structs.has(name), name);
  assert.equal(structs.get('unix_name')?.size, nameRoom);
});

test('the numbers of flags, events and counters are those of shared.h', () => {
  const numbers = new Map(
    [...header.matchAll(/^#define (\w+) (\d+)/gm)].map(([, name = '', value]) => [name, Number(value)]),
  );
  const upper = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
  const { all, ...withoutAll } = countSlots;
  for (const [prefix, values] of [
    ['PROCESS_', processFlags],
    ['EVENT_', eventTypes],
    ['CUT_', cuts],
    ['COUNT_', withoutAll],
    ['EVENT_', flowEvents],
    ['MASK_', maskFields],
    ['VERDICT_', verdictCodes],
    ['FLOW_', directionCodes],
  ] as const) {
    for (const [name, value] of Object.entries(values))
      assert.equal(
        numbers.get(`${prefix}${upper(name)}`) ?? numbers.get(`${prefix}${name}`),
        value,
        `${prefix}${name}`,
      );
  }
  assert.equal(numbers.get('COUNTS'), all);
});
