// Numbers as people read them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes } from '#std/bytes.ts';

test('bytes are shown in thousands, with at most one decimal', () => {
  const shown: readonly (readonly [number, string])[] = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [3000, '3 kB'],
    [12_449, '12.4 kB'],
    [999_949, '999.9 kB'],
    [999_950, '1 MB'],
    [5_300_000_000, '5.3 GB'],
    [Number.MAX_SAFE_INTEGER, '9 PB'],
  ];
  assert.deepEqual(
    shown.map(([bytes]) => formatBytes(bytes)),
    shown.map(([, text]) => text),
  );
});
