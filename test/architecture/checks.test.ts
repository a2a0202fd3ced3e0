// What the tools say of the whole checkout: types, lint and format, unused code.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { root } from './sources.ts';

const checks: Readonly<Record<string, readonly string[]>> = {
  'types are right': ['tsc', '--noEmit', '--pretty', 'false'],
  'types of the pages are right': ['tsc', '--noEmit', '--pretty', 'false', '-p', 'web'],
  'lint and format are clean': ['biome', 'ci', '--colors=off', '--max-diagnostics=20', '.'],
  'nothing is unused': ['knip', '--no-progress', '--no-config-hints'],
};

for (const [name, [tool = '', ...args]] of Object.entries(checks)) {
  test(name, () => {
    const bin = join(root, 'node_modules/.bin');
    const ran = spawnSync(join(bin, tool), args, {
      cwd: root,
      encoding: 'utf8',
      // The tools are scripts that ask the path for Node.
      env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, NO_COLOR: '1' },
    });
    assert.equal(ran.status, 0, `${tool} ${args.join(' ')}: ${ran.error?.message ?? ''}\n${ran.stdout}${ran.stderr}`);
  });
}
