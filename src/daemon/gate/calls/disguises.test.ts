import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Disguises } from './disguises.ts';

const image = {
  path: '/usr/bin/\u001b[31mx',
  identity: { device: '1', inode: '2', generation: '0', ctime: '3' },
  state: 'host',
} as const;

test('who disguises itself is named, in text that is safe to print', () => {
  const lines: string[] = [];
  const disguises = new Disguises((line) => lines.push(line));
  disguises.tell(4711, { image }, 'exe', 0);
  disguises.tell(4712, undefined, 'args', 0);
  assert.match(
    lines[0] ?? '',
    /^process 4711 \(.*x\) asked the kernel to show another program in its place in \/proc; /,
  );
  assert.ok(!lines[0]?.includes('\u001b'));
  assert.match(lines[1] ?? '', /^process 4712 \(a program that is not known\) .* other arguments/);
});

test('however many there are, a minute has twenty lines, of which the last says so', () => {
  const lines: string[] = [];
  const disguises = new Disguises((line) => lines.push(line));
  for (let pid = 1; pid <= 1000; pid++) disguises.tell(pid, { image }, 'exe', 59_999);
  assert.equal(lines.length, 20);
  assert.equal(lines.filter((line) => line.includes('only counted')).length, 1);
  assert.match(lines.at(-1) ?? '', /only counted/);
  disguises.tell(1001, { image }, 'exe', 59_999 + 60_000);
  assert.equal(lines.length, 21);
});
