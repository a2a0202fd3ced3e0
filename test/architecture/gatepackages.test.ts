// What the gate loads: it runs as root in the packet path, so each npm package in it is one to be read and trusted.
import assert from 'node:assert/strict';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { assertGolden } from '../golden.ts';
import { filesBelow, readSource } from './sources.ts';

/** The gate's process and its worker threads. */
const entries = ['src/daemon/gate/main.ts', ...filesBelow('src/kernel').filter((path) => path.endsWith('/worker.ts'))];

/** What a module loads when it runs: what is only a type is gone. */
function imports(path: string): string[] {
  if (!path.endsWith('.ts')) return [];
  const code = stripTypeScriptTypes(readSource(path).text);
  const statements =
    /^(?:import\s+(?:[\w$*{},\s]+?\sfrom\s+)?|export\s+[\w$*{},\s]+?\sfrom\s+)['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm;
  return [...code.matchAll(statements)].map((found) => found[1] ?? found[2] ?? '');
}

function resolve(from: string, name: string): string | undefined {
  if (name.startsWith('#')) return join('src', name.slice(1));
  return name.startsWith('.') ? join(dirname(from), name) : undefined;
}

/** The files that are loaded, and the packages, each with the first file that loads it. */
function loaded(from: readonly string[]): { files: Set<string>; packages: Map<string, string> } {
  const files = new Set(from);
  const packages = new Map<string, string>();
  // A Set goes on with what is added while it is walked.
  for (const path of files) {
    for (const name of imports(path)) {
      const file = resolve(path, name);
      if (file !== undefined) files.add(file);
      else if (!name.startsWith('node:')) {
        const packageName = name.split('/', name.startsWith('@') ? 2 : 1).join('/');
        if (!packages.has(packageName)) packages.set(packageName, path);
      }
    }
  }
  return { files, packages };
}

test('the gate loads few packages', () => {
  const { files, packages } = loaded(entries);
  assert.ok(files.size > 80, `only ${files.size} files were walked`);
  assert.ok(files.has('src/engine/engine.ts') && files.has('src/kernel/ffi.ts'));
  assertGolden('gate-packages.txt', `${[...packages.keys()].sort().join('\n')}\n`);
});

test('the gate reads no YAML and serves no HTTP', () => {
  const { packages } = loaded(entries);
  for (const name of ['yaml', 'hono', '@hono/node-server', '@stricli/core']) {
    assert.equal(packages.get(name), undefined, `${name} is loaded by ${packages.get(name)}`);
  }
});

test('the gate imports nothing of the control plane, and the control plane neither nft nor the queue', () => {
  const gate = [...loaded(entries).files].filter((path) => /^src\/(store|api|client|cli|daemon\/control)\//.test(path));
  assert.deepEqual(gate, []);
  const control = loaded(['src/daemon/control/main.ts']);
  // Whose socket is at the other end of a connection, and which ones wait for others: that anybody may ask.
  const asking = ['interfaces', 'listeners', 'requests', 'socket', 'socketlookup'].map(
    (name) => `src/kernel/netlink/${name}.ts`,
  );
  const nft = [...control.files].filter(
    (path) => /^src\/kernel\/(nft|netfilter|netlink)\//.test(path) && !asking.includes(path),
  );
  assert.deepEqual(nft, []);
  assert.ok(control.packages.has('yaml'), 'the walk finds packages');
});
