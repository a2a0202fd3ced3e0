// What --json prints is written down in schema/, and that is what the code says. The API describes itself.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { outputs } from '../outputs.ts';
import { root } from './sources.ts';

function assertGenerated(name: string, value: unknown): void {
  const file = join(root, 'schema', name);
  const text = `${JSON.stringify(value, null, 2)}\n`;
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  assert.ok(text === readFileSync(file, 'utf8'), `schema/${name} differs; UPDATE_GOLDEN=1 writes what the code says`);
}

test('schema/commands.json is what each command prints with --json', () => {
  assertGenerated('commands.json', {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'What the postern commands print with --json; `log --follow` prints one such object a line',
    $defs: Object.fromEntries(
      Object.entries(outputs).map(([name, schema]) => {
        const { $schema: _, ...shape } = z.toJSONSchema(schema, { unrepresentable: 'any', reused: 'ref' });
        // References inside are to this part, which has a name of its own.
        return [name, { $id: `urn:postern:${name.replaceAll(/[ -]+/g, '-')}`, ...shape }];
      }),
    ),
  });
});
