import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadingTurns } from './readers.ts';

const megabyte = 1024 * 1024;
const item = (name: string, uid: number, size = 1) => ({ name, uid, size });
type Item = ReturnType<typeof item>;

function started(turns: ReadingTurns<Item>): string[] {
  const names: string[] = [];
  for (let next = turns.next(); next !== undefined; next = turns.next()) names.push(next.name);
  return names;
}

test('two files are read at once, and users take turns', () => {
  const turns = new ReadingTurns<Item>();
  for (const name of ['a1', 'a2', 'a3', 'a4']) turns.add(item(name, 1));
  turns.add(item('b1', 2));
  assert.deepEqual(started(turns), ['a1', 'b1']);
  turns.finished({ size: 1 });
  assert.deepEqual(started(turns), ['a2']);
  turns.finished({ size: 1 });
  turns.add(item('c1', 3));
  assert.deepEqual(started(turns), ['a3']);
  turns.finished({ size: 1 });
  assert.deepEqual(started(turns), ['c1']);
});

test('large files use one place, so that small ones go on', () => {
  const turns = new ReadingTurns<Item>();
  turns.add(item('huge1', 1, 500 * megabyte));
  turns.add(item('huge2', 1, 500 * megabyte));
  turns.add(item('huge3', 2, 500 * megabyte));
  assert.deepEqual(started(turns), ['huge1']);
  turns.add(item('small', 1));
  assert.deepEqual(started(turns), ['small']);
  turns.finished({ size: 1 });
  assert.deepEqual(started(turns), []);
  turns.finished({ size: 500 * megabyte });
  assert.equal(started(turns).length, 1);
});
