import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Process } from '#model/process.ts';
import { type Began, ExecTable, type Run } from './exectable.ts';

function program(path: string, more: Partial<Began> = {}): Began {
  const identity = { device: '1', inode: String(path.length), generation: '7', ctime: '9' };
  const facts: Process = { exe: path, image: { path, identity, state: 'host' }, args: [path] };
  return { facts, handedDown: new Set(), seeded: false, ...more };
}

function run(pid: number, exec: bigint, more: Partial<Run> = {}): Run {
  return { pid, exec, startTime: `${pid}`, parentPid: 1, ...more };
}

/** A kernel in which nothing runs but what the test says. */
function world() {
  const now = new Map<number, { run: Run; began: Began }>();
  const table = new ExecTable({
    current: (pid) => now.get(pid)?.run.exec,
    meet: (pid) => now.get(pid),
    refresh: (pid) => (now.has(pid) ? { cwd: '/now' } : undefined),
  });
  return { now, table };
}

test('a run is known by its pid and its exec, also when the next program runs', () => {
  const { now, table } = world();
  table.exec(run(7, 100n), program('/bin/first'), 0);
  table.exec(run(7, 200n), program('/bin/second'), 0);
  now.set(7, { run: run(7, 200n), began: program('/bin/second') });
  assert.equal(table.byExec(7, 100n, 1)?.exe, '/bin/first');
  assert.equal(table.byExec(7, 200n, 1)?.exe, '/bin/second');
  assert.equal(table.get(7, 1)?.exe, '/bin/second');
  assert.deepEqual(table.byExec(7, 200n, 1)?.ancestors, ['/bin/first']);
  assert.equal(table.byExec(7, 300n, 1), undefined);
});

test('a program that is asked about before its exec was told has the ancestors that it has afterwards', () => {
  const { now, table } = world();
  table.exec(run(7, 100n), program('/bin/first'), 0);
  now.set(7, { run: run(7, 200n), began: program('/bin/second') });
  assert.deepEqual(table.get(7, 1)?.ancestors, ['/bin/first']);
  table.exec(run(7, 200n), program('/bin/second'), 2);
  assert.deepEqual(table.get(7, 3)?.ancestors, ['/bin/first']);
  assert.equal(table.byExec(7, 100n, 3)?.exe, '/bin/first');
});

test('a child runs what its parent ran, and a pid used again is another process', () => {
  const { table } = world();
  table.exec(run(7, 100n), program('/bin/parent'), 0);
  table.fork(run(8, 150n, { parentPid: 7 }), 100n, 0);
  table.exit(8, 150n, 0);
  table.exec(run(8, 400n, { startTime: 'later' }), program('/bin/other'), 1);
  assert.equal(table.byExec(8, 150n, 1)?.exe, '/bin/parent');
  assert.deepEqual(table.byExec(8, 150n, 1)?.ancestors, ['/bin/parent']);
  assert.equal(table.byExec(8, 400n, 1)?.exe, '/bin/other');
  assert.deepEqual(table.byExec(8, 400n, 1)?.ancestors, []);
});

test('whose program a run goes on with that was forked, until its own exec', () => {
  const { table } = world();
  table.exec(run(7, 100n), program('/bin/parent'), 0);
  table.fork(run(8, 150n, { parentPid: 7 }), 100n, 0);
  table.fork(run(9, 160n, { parentPid: 8 }), 150n, 0);
  table.exit(8, 150n, 0);
  const above = [
    { pid: 8, exec: 150n },
    { pid: 7, exec: 100n },
  ];
  assert.deepEqual(table.forebears(9, 160n), above);
  assert.deepEqual(table.forebears(7, 100n), []);
  assert.deepEqual(table.forebears(9, 161n), []);
  table.exec(run(9, 170n, { parentPid: 8 }), program('/bin/other'), 1);
  assert.deepEqual(table.forebears(9, 170n), []);
  assert.deepEqual(table.forebears(9, 160n), above, 'as it was at a call before');
});

test('what has ended is remembered for ten seconds', () => {
  const { table } = world();
  table.exec(run(7, 100n), program('/bin/first'), 0);
  table.exit(7, 100n, 1000);
  assert.equal(table.get(7, 11_000)?.exe, '/bin/first');
  assert.equal(table.get(7, 11_001), undefined);
  table.exec(run(8, 200n), program('/bin/second'), 11_000);
  table.exit(8, 200n, 11_001);
  assert.equal(table.byExec(7, 100n, 11_001), undefined);
  assert.equal(table.size, 0);
});

test('what is told late, of a process that was met as it is now, is over but known', () => {
  const { now, table } = world();
  now.set(7, { run: run(7, 300n), began: program('/bin/third') });
  table.seed(7, 0);
  table.exec(run(7, 100n), program('/bin/first'), 1);
  table.fork(run(7, 50n, { parentPid: 7 }), 100n, 1);
  table.exec(run(7, 200n), program('/bin/second'), 1);
  assert.equal(table.byExec(7, 100n, 2)?.exe, '/bin/first');
  assert.equal(table.byExec(7, 200n, 2)?.exe, '/bin/second');
  assert.equal(table.get(7, 2)?.exe, '/bin/third');
  table.exit(7, 300n, 3);
  assert.equal(table.size, 0);
});

test('an exit that belongs to an earlier run changes nothing', () => {
  const { now, table } = world();
  table.exec(run(7, 200n), program('/bin/second'), 0);
  now.set(7, { run: run(7, 200n), began: program('/bin/second') });
  table.exit(7, 100n, 0);
  assert.equal(table.size, 1);
});

test('a seeded program stays seeded, in its children too, until an earlier Postern saw it begin', () => {
  const seeded = program('/bin/old', { seeded: true });
  const identity = { pid: 7, startTime: '7', path: '/bin/old', device: '1', inode: '8', generation: '7', ctime: '9' };
  for (const [recalled, expected] of [
    [[], true],
    [[identity], true],
    [[{ ...identity, verified: true as const }], undefined],
    [[{ ...identity, verified: true as const, startTime: '8' }], true],
    [[{ ...identity, verified: true as const, inode: '99' }], true],
  ] as const) {
    const { now, table } = world();
    table.recall(recalled);
    now.set(7, { run: run(7, 100n), began: seeded });
    table.seed(7, 0);
    table.fork(run(8, 150n, { parentPid: 7 }), 100n, 0);
    assert.equal(table.get(7, 0)?.seeded, expected);
    assert.equal(table.byExec(8, 150n, 0)?.seeded, expected);
    assert.equal(table.identities().length, expected === true ? 0 : 2);
  }
});

test('after a loss only what the kernel has still lives', () => {
  const { table } = world();
  table.exec(run(7, 100n), program('/bin/a'), 0);
  table.exec(run(8, 200n), program('/bin/b'), 0);
  table.sweep((pid) => (pid === 8 ? 200n : undefined), 5);
  assert.equal(table.size, 1);
  assert.equal(table.byExec(7, 100n, 5)?.exe, '/bin/a');
});

test('whatever happens in whatever order, a run is never answered with another’s program', () => {
  const step = fc.record({
    what: fc.constantFrom('exec', 'fork', 'exit', 'sweep'),
    pid: fc.integer({ min: 1, max: 4 }),
    parent: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { now, table } = world();
      const truth = new Map<string, string>();
      let clock = 0;
      for (const { what, pid, parent } of steps) {
        clock += 1;
        const exec = BigInt(clock);
        const above = now.get(parent);
        if (what === 'exec') {
          const entry = { run: run(pid, exec), began: program(`/bin/${clock}`) };
          now.set(pid, entry);
          truth.set(`${pid} ${exec}`, `/bin/${clock}`);
          table.exec(entry.run, entry.began, clock);
        } else if (what === 'fork' && above !== undefined && parent !== pid) {
          const entry = { run: run(pid, exec, { parentPid: parent }), began: above.began };
          now.set(pid, entry);
          truth.set(`${pid} ${exec}`, above.began.facts.exe ?? '');
          table.fork(entry.run, above.run.exec, clock);
        } else if (what === 'exit') {
          const entry = now.get(pid);
          now.delete(pid);
          if (entry !== undefined) table.exit(pid, entry.run.exec, clock);
        } else if (what === 'sweep') {
          table.sweep((living) => now.get(living)?.run.exec, clock);
        }
      }
      for (const [key, path] of truth) {
        const [pid = '', exec = ''] = key.split(' ');
        assert.equal(table.byExec(Number(pid), BigInt(exec), clock)?.exe, path);
      }
    }),
  );
});
