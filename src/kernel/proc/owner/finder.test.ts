import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Finder, type Found, type ProcessSource, type Search } from './finder.ts';

interface Fake {
  readonly uid: number;
  readonly group: bigint;
  readonly sockets: readonly number[];
}

function machine(processes: Map<number, Fake>) {
  const looked: number[] = [];
  const source: ProcessSource = {
    all: () => [...processes.keys()].sort((a, b) => b - a),
    members: (id) => [...processes].filter(([, { group }]) => group === id).map(([pid]) => pid),
    userOf: (pid) => processes.get(pid)?.uid,
    *descriptors(pid) {
      looked.push(pid);
      yield* (processes.get(pid)?.sockets ?? []).map((_, fd) => String(fd));
    },
    socketAt: (pid, fd) => processes.get(pid)?.sockets[Number(fd)] ?? 0,
  };
  const found: Found[] = [];
  const finder = new Finder(source, (result) => found.push(result));
  return { finder, found, looked, processes };
}

const search = (inode: number, uid = 1000, all = false, cgroupId?: bigint): Search => ({ inode, uid, cgroupId, all });

function finish(finder: Finder, steps = 16, most = 100_000): number {
  for (let turns = 0; turns < most; turns++) if (!finder.work(steps)) return turns;
  throw new Error('it never ends');
}

const host = () =>
  machine(
    new Map<number, Fake>([
      [1, { uid: 0, group: 1n, sockets: [0, 10, 11] }],
      [50, { uid: 1000, group: 2n, sockets: [20] }],
      [60, { uid: 1000, group: 3n, sockets: [0, 0, 30] }],
      [70, { uid: 1001, group: 3n, sockets: [40] }],
    ]),
  );

test('the socket’s control group is looked through first, then its user’s processes from the newest on', () => {
  const near = host();
  near.finder.add(search(20, 1000, false, 2n));
  finish(near.finder);
  assert.deepEqual(near.looked, [50]);
  assert.deepEqual(near.found, [{ inode: 20, all: false, holders: [{ pid: 50, fd: 0 }], unsure: false }]);
  const own = host();
  own.finder.add(search(20));
  finish(own.finder);
  assert.deepEqual(own.looked, [60, 50]);
  const everywhere = host();
  everywhere.finder.add(search(11, 1000));
  finish(everywhere.finder);
  assert.deepEqual(everywhere.looked, [60, 50, 70, 1]);
  assert.deepEqual(everywhere.found[0]?.holders, [{ pid: 1, fd: 2 }]);
});

test('a socket that nobody holds is said to have no holder', () => {
  const { finder, found } = host();
  finder.add(search(99));
  finish(finder);
  assert.deepEqual(found, [{ inode: 99, all: false, holders: [], unsure: false }]);
  assert.equal(finder.work(1), false);
});

test('all holders are found, and one of them comes from a process that began meanwhile', () => {
  const { finder, found, processes } = host();
  processes.set(80, { uid: 0, group: 9n, sockets: [0, 20] });
  finder.add(search(20, 1000, true));
  finder.work(2);
  processes.set(90, { uid: 5, group: 9n, sockets: [20] });
  finish(finder);
  assert.deepEqual(found[0]?.holders.map(({ pid }) => pid).sort(), [50, 80, 90]);
  assert.equal(found[0]?.unsure, false);
});

test('where processes come faster than they are looked at, nothing is certain', () => {
  const { finder, found, processes } = host();
  let pid = 100;
  finder.add(search(20, 1000, true));
  while (finder.work(1)) processes.set(pid++, { uid: 0, group: 9n, sockets: [0, 0, 0] });
  assert.equal(found[0]?.unsure, true);
});

test('one look at a program answers for all its sockets', () => {
  const sockets = Array.from({ length: 5000 }, (_, index) => 1000 + index);
  const { finder, found, looked } = machine(new Map([[7, { uid: 1000, group: 1n, sockets }]]));
  for (const inode of sockets) finder.add(search(inode));
  finish(finder, 256);
  assert.equal(found.length, 5000);
  assert.equal(looked.length, 1);
});

test('one sweep answers for all sockets of which all holders are wanted', () => {
  const sockets = Array.from({ length: 5000 }, (_, index) => 1000 + index);
  const { finder, found, looked } = machine(
    new Map([
      [7, { uid: 1000, group: 1n, sockets }],
      [8, { uid: 1000, group: 1n, sockets: sockets.slice(0, 2500) }],
    ]),
  );
  for (const inode of sockets) finder.add(search(inode, 1000 + (inode % 3), true));
  finish(finder, 256);
  assert.equal(found.length, 5000);
  assert.ok(found.every(({ inode, holders }) => holders.length === (inode < 3500 ? 2 : 1)));
  assert.deepEqual(looked, [8, 7]);
});

test('who asks for all holders while a sweep is under way has a sweep of its own: it may have missed some', () => {
  const { finder, found, looked, processes } = host();
  finder.add(search(20, 1000, true));
  finder.work(4);
  assert.deepEqual(looked, [70, 60], 'the sweep has gone past the process that gets the socket now');
  processes.set(70, { uid: 1001, group: 3n, sockets: [40, 30] });
  finder.add(search(30, 1000, true));
  finish(finder, 1);
  assert.deepEqual(
    found
      .find(({ inode }) => inode === 30)
      ?.holders.map(({ pid }) => pid)
      .sort(),
    [60, 70],
  );
});

test('a sweep goes on for those that still wait, and ends when nobody does', () => {
  const { finder, found, looked } = host();
  for (const inode of [20, 30]) finder.add(search(inode, 1000, true));
  finder.work(1);
  finder.cancel(search(20, 1000, true));
  finish(finder, 1);
  assert.deepEqual(
    found.map(({ inode }) => inode),
    [30],
  );
  looked.length = 0;
  finder.add(search(20, 1000, true));
  finder.work(1);
  finder.cancel(search(20, 1000, true));
  finish(finder, 1);
  assert.deepEqual([found.length, looked.length], [1, 1]);
});

test('a user with a program of a million sockets does not keep another user waiting', () => {
  const many = Array.from({ length: 1_000_000 }, () => 5);
  const { finder, found } = machine(
    new Map<number, Fake>([
      [7, { uid: 1000, group: 1n, sockets: many }],
      [6, { uid: 1001, group: 2n, sockets: [0, 77] }],
    ]),
  );
  for (let inode = 100_000; inode < 101_000; inode++) finder.add(search(inode, 1000));
  finder.add(search(77, 1001));
  let turns = 0;
  while (found.length === 0 && finder.work(256)) turns += 1;
  assert.equal(found[0]?.inode, 77);
  assert.ok(turns <= 4, `it took ${turns} turns`);
});

test('a search that nobody waits for any more costs nothing more', () => {
  const { finder, found, looked } = host();
  finder.add(search(20));
  finder.cancel(search(20));
  assert.equal(finish(finder), 0);
  assert.deepEqual([found, looked], [[], []]);
  finder.add(search(20));
  finish(finder);
  assert.equal(found.length, 1);
});

test('the same socket may be looked for once, and for all its holders, at the same time', () => {
  const { finder, found } = host();
  finder.add(search(20, 1000, false));
  finder.add(search(20, 1000, true));
  finder.add(search(20, 1000, true));
  finish(finder);
  assert.deepEqual(
    found.map(({ all, holders }) => [all, holders.length]),
    [
      [false, 1],
      [true, 1],
    ],
  );
});
