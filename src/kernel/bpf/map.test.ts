import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KernelConfig } from './config.ts';
import { Confinements } from './identity/confinements.ts';
import type { Libbpf } from './libbpf.ts';
import { BpfMap } from './map.ts';

/** A hash map in memory; its calls write into the caller's buffers, as the kernel does. */
function madeMap(keySize: number, valueSize: number): BpfMap {
  const entries = new Map<string, Buffer>();
  const named = (key: Uint8Array) => Buffer.from(key).toString('hex');
  const lib: Pick<Libbpf, 'bpf_map_get_next_key' | 'bpf_map_update_elem' | 'bpf_map_delete_elem'> = {
    bpf_map_get_next_key(_fd, key, next) {
      const all = [...entries.keys()];
      const found = all[key === null ? 0 : all.indexOf(named(key)) + 1];
      if (found === undefined) return -2;
      next.set(Buffer.from(found, 'hex'));
      return 0;
    },
    bpf_map_update_elem(_fd, key, value) {
      entries.set(named(key), Buffer.from(value));
      return 0;
    },
    bpf_map_delete_elem: (_fd, key) => (entries.delete(named(key)) ? 0 : -2),
  };
  return new BpfMap(lib as Libbpf, 3, 'made', keySize, valueSize);
}

test('keys that are gathered are different ones', () => {
  const map = madeMap(2, 1);
  for (let key = 0; key < 5; key += 1) map.update(Buffer.from([0, key]), Buffer.alloc(1));
  assert.deepEqual(
    [...map.keys()].map(([, last]) => last),
    [0, 1, 2, 3, 4],
  );
});

test('of commands that end together none goes on to confine', () => {
  const map = madeMap(8, 8);
  const said: unknown[] = [];
  const config = { set: (...what: unknown[]) => said.push(what) } as unknown as KernelConfig;
  const confinements = new Confinements(map, madeMap(4, 96), config);
  const one = { namesPort: 5353, strict: false };
  confinements.set(new Map([7n, 8n, 9n, 10n].map((id) => [id, one])));
  confinements.set(new Map([[8n, one]]));
  assert.deepEqual(
    [...map.keys()].map((key) => key.readBigUInt64LE()),
    [8n],
  );
  assert.deepEqual(said, [
    ['confines', 4],
    ['confines', 1],
  ]);
});
