import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Image, Process } from '#model/process.ts';
import { formatIdentities, parseIdentities } from './identities.ts';
import { type ProcessEvent, type ProcessReader, ProcessTable, type Seen } from './processtable.ts';

const inodes: string[] = [];

/** Each path is a file of its own. */
function inodeOf(path: string): string {
  if (!inodes.includes(path)) inodes.push(path);
  return String(inodes.indexOf(path));
}

const imageOf = (path: string, state: Image['state'] = 'host'): Image => ({
  path,
  identity: { device: '1', inode: inodeOf(path), generation: '0', ctime: '0' },
  state,
});

interface Living {
  parent: number;
  startTime: number;
  /** What really runs, and what /proc says. */
  program: string;
  shown: string;
  sockets: Set<number>;
  cgroup: string;
}

/** A machine of processes, as the table sees it: events on one side, /proc on the other. */
class World {
  readonly living = new Map<number, Living>();
  readonly events: ProcessEvent[] = [];
  ticks = 100;
  reads = 0;

  readonly reader: ProcessReader = {
    birth: (pid) => this.#seen(pid),
    see: (pid) => this.#seen(pid),
    read: (pid, seen) => {
      this.reads += 1;
      const living = this.living.get(pid);
      if (living === undefined || String(living.startTime) !== seen.startTime) return undefined;
      const exe = seen.image?.state === 'host' ? seen.image.path : null;
      return { pid, startTime: seen.startTime, image: seen.image, exe, uid: 1000, cgroup: living.cgroup };
    },
    sockets: (pid) => new Set(this.living.get(pid)?.sockets),
  };

  #seen(pid: number): Seen | undefined {
    const living = this.living.get(pid);
    return living && { startTime: String(living.startTime), parentPid: living.parent, image: imageOf(living.shown) };
  }

  fork(parent: number, pid: number): void {
    const from = this.living.get(parent);
    const { program, shown, sockets, cgroup } = from ?? {
      program: '/sbin/init',
      shown: '/sbin/init',
      sockets: [],
      cgroup: '/',
    };
    this.living.set(pid, { parent, startTime: this.ticks++, program, shown, sockets: new Set(sockets), cgroup });
    this.events.push({ what: 'fork', pid, tgid: pid, parentTgid: parent });
  }

  exec(pid: number, program: string): void {
    const living = this.living.get(pid);
    assert.ok(living);
    living.program = program;
    living.shown = program;
    this.events.push({ what: 'exec', pid, tgid: pid, parentTgid: 0 });
  }

  exit(pid: number): void {
    this.living.delete(pid);
    this.events.push({ what: 'exit', pid, tgid: pid, parentTgid: 1 });
    for (const other of this.living.values()) if (other.parent === pid) other.parent = 1;
  }

  tell(table: ProcessTable, now = 0): void {
    for (const event of this.events.splice(0)) table.handle(event, now);
  }
}

function world(): { world: World; table: ProcessTable } {
  const made = new World();
  made.fork(0, 1);
  made.exec(1, '/sbin/init');
  const table = new ProcessTable(made.reader, true);
  made.tell(table);
  return { world: made, table };
}

test('a child is its parent until its own exec', () => {
  const { world: machine, table } = world();
  machine.fork(1, 10);
  machine.exec(10, '/usr/bin/bash');
  machine.fork(10, 11);
  machine.tell(table);
  assert.equal(table.get(11, 0)?.exe, '/usr/bin/bash');
  assert.deepEqual(table.get(11, 0)?.ancestors, ['/usr/bin/bash', '/sbin/init']);
  machine.exec(11, '/usr/bin/curl');
  machine.tell(table);
  assert.equal(table.get(11, 0)?.exe, '/usr/bin/curl');
  assert.deepEqual(table.get(11, 0)?.ancestors, ['/usr/bin/bash', '/sbin/init']);
});

test('whose program a process runs that was forked, until its own exec', () => {
  const { world: machine, table } = world();
  machine.fork(1, 10);
  machine.exec(10, '/usr/bin/bash');
  machine.fork(10, 11);
  machine.fork(11, 12);
  machine.tell(table);
  const above = (pid: number) => table.forebears(pid, table.get(pid, 0)?.startTime ?? '').map((one) => one.pid);
  assert.deepEqual(above(12), [10], 'nobody asked about 11, which asked for nothing then');
  assert.deepEqual(above(10), []);
  assert.deepEqual(above(11), [10]);
  assert.deepEqual(above(12), [11, 10]);
  assert.deepEqual(table.forebears(12, 'another'), []);
  machine.exit(11);
  machine.exit(10);
  machine.fork(1, 10);
  machine.exec(10, '/usr/bin/other');
  machine.tell(table);
  const [parent, grandparent] = table.forebears(12, table.get(12, 0)?.startTime ?? '');
  assert.equal(parent?.pid, 11, 'it has ended');
  assert.notEqual(grandparent?.startTime, table.get(10, 0)?.startTime, 'the pid is another’s now');
  machine.exec(12, '/usr/bin/curl');
  machine.tell(table);
  assert.deepEqual(above(12), []);
});

test('what a process ran before is above what it runs now', () => {
  const { world: machine, table } = world();
  machine.fork(1, 10);
  machine.exec(10, '/usr/bin/env');
  machine.exec(10, '/usr/bin/python3');
  // Both are told of when both have happened, as on a busy machine: the first is seen as what the second made of it.
  machine.tell(table);
  machine.exec(10, '/usr/bin/curl');
  machine.tell(table);
  assert.deepEqual(table.get(10, 0)?.ancestors, ['/usr/bin/python3', '/sbin/init']);
});

test('ancestors are remembered when they have ended', () => {
  const { world: machine, table } = world();
  machine.fork(1, 10);
  machine.exec(10, '/usr/bin/code');
  machine.tell(table);
  machine.fork(10, 11);
  machine.exit(10);
  machine.exec(11, '/usr/bin/git');
  machine.tell(table, 0);
  assert.deepEqual(table.get(11, 1_000_000)?.ancestors, ['/usr/bin/code', '/sbin/init']);
});

test('an ancestor whose program could not be read in time leaves a gap, not an end', () => {
  const { world: machine, table } = world();
  machine.fork(1, 10);
  machine.exec(10, '/usr/bin/short');
  machine.fork(10, 11);
  machine.exec(11, '/usr/bin/git');
  machine.exit(10);
  machine.tell(table);
  assert.deepEqual(table.get(11, 0)?.ancestors, ['', '/sbin/init']);
});

test('a process that makes /proc show another program is still the one it began as', () => {
  const { world: machine, table } = world();
  machine.fork(1, 10);
  machine.exec(10, '/tmp/evil');
  machine.tell(table);
  const living = machine.living.get(10);
  assert.ok(living);
  living.shown = '/usr/bin/cat';
  assert.equal(table.get(10, 0)?.exe, '/tmp/evil');
  assert.equal(table.get(10, 100_000)?.exe, '/tmp/evil', 'also when its facts are read again');
});

test('a pid used again is another process', () => {
  const { world: machine, table } = world();
  machine.fork(1, 10);
  machine.exec(10, '/usr/bin/curl');
  machine.tell(table);
  assert.equal(table.get(10, 0)?.exe, '/usr/bin/curl');
  const before = table.get(10, 0)?.startTime;
  machine.exit(10);
  machine.fork(1, 10);
  machine.exec(10, '/tmp/evil');
  machine.tell(table);
  assert.equal(table.get(10, 0)?.exe, '/tmp/evil');
  assert.notEqual(table.get(10, 0)?.startTime, before);
});

test('a pid used again is another process, also when nobody tells', () => {
  for (const told of [true, false]) {
    const machine = new World();
    const table = new ProcessTable(machine.reader, told);
    machine.fork(0, 10);
    machine.exec(10, '/usr/bin/curl');
    assert.equal(table.get(10, 0)?.exe, '/usr/bin/curl');
    machine.exit(10);
    machine.fork(0, 10);
    machine.exec(10, '/tmp/evil');
    // With events on their way, the facts read a second ago may stand until then.
    assert.equal(table.get(10, 2000)?.exe, '/tmp/evil', `told ${told}`);
  }
});

test('an exec of which nobody tells is noticed', () => {
  const machine = new World();
  const table = new ProcessTable(machine.reader, false);
  machine.fork(0, 10);
  machine.exec(10, '/usr/bin/bash');
  assert.equal(table.get(10, 0)?.exe, '/usr/bin/bash');
  machine.exec(10, '/usr/bin/curl');
  assert.equal(table.get(10, 0)?.exe, '/usr/bin/curl');
  assert.deepEqual(table.get(10, 0)?.ancestors, ['/usr/bin/bash']);
});

test('a program renamed or replaced on disk is the same program, when nobody tells either', () => {
  const machine = new World();
  let state: Image['state'] = 'host';
  const reader: ProcessReader = {
    ...machine.reader,
    see: (pid) => {
      const seen = machine.reader.see(pid);
      return seen && { ...seen, image: imageOf('/usr/bin/service', state) };
    },
  };
  const table = new ProcessTable(reader, false);
  machine.fork(0, 10);
  assert.equal(table.get(10, 0)?.exe, '/usr/bin/service');
  state = 'deleted';
  assert.equal(table.get(10, 0)?.exe, '/usr/bin/service');
});

test('a process is remembered for ten seconds after its end', () => {
  const { world: machine, table } = world();
  machine.fork(1, 10);
  machine.exec(10, '/usr/bin/dig');
  machine.tell(table, 1000);
  const read = table.get(10, 1000);
  machine.exit(10);
  machine.tell(table, 2000);
  assert.deepEqual(table.get(10, 12_000), read);
  assert.equal(table.get(10, 12_001), undefined);
});

test('a process nobody asked about before its end is known by its program', () => {
  const { world: machine, table } = world();
  machine.fork(1, 10);
  machine.exec(10, '/usr/bin/dig');
  machine.tell(table);
  machine.exit(10);
  machine.tell(table);
  const { exe, ancestors, uid } = table.get(10, 5) as Process;
  assert.deepEqual({ exe, ancestors, uid }, { exe: '/usr/bin/dig', ancestors: ['/sbin/init'], uid: undefined });
});

test('a child left by a process that was gone before its exec was told is known by its program', () => {
  const { world: machine, table } = world();
  machine.fork(1, 10);
  machine.exec(10, '/usr/sbin/daemon');
  machine.fork(10, 11);
  machine.exit(10);
  machine.tell(table);
  assert.equal(table.get(11, 0)?.exe, '/usr/sbin/daemon');
  machine.fork(11, 12);
  machine.tell(table);
  assert.equal(table.get(12, 0)?.exe, '/usr/sbin/daemon');
});

test('facts are read again when ids change, and a second later in any case', () => {
  const { world: machine, table } = world();
  machine.fork(1, 10);
  machine.tell(table);
  table.get(10, 0);
  table.get(10, 999);
  assert.equal(machine.reads, 1);
  table.handle({ what: 'uid', pid: 12, tgid: 10, parentTgid: 0 }, 999);
  table.get(10, 999);
  assert.equal(machine.reads, 2);
  const living = machine.living.get(10);
  assert.ok(living);
  living.cgroup = '/elsewhere';
  assert.equal(table.get(10, 2000)?.cgroup, '/elsewhere');
});

test('threads are no processes, and their end is not their process’s', () => {
  const { world: machine, table } = world();
  machine.fork(1, 10);
  machine.exec(10, '/usr/bin/java');
  machine.tell(table);
  const { size } = table;
  table.handle({ what: 'fork', pid: 11, tgid: 10, parentTgid: 1 }, 0);
  table.handle({ what: 'exit', pid: 11, tgid: 10, parentTgid: 1 }, 0);
  table.handle({ what: 'comm', pid: 11, tgid: 10, parentTgid: 0 }, 0);
  assert.equal(table.size, size);
  assert.equal(table.get(10, 1_000_000)?.exe, '/usr/bin/java');
});

test('sockets that were open at exec were handed down; those made later, and by a fork alone, were not', () => {
  const { world: machine, table } = world();
  machine.fork(1, 10);
  machine.exec(10, '/tmp/evil');
  machine.tell(table);
  machine.living.get(10)?.sockets.add(4711);
  machine.fork(10, 11);
  machine.fork(10, 12);
  machine.exec(11, '/usr/bin/curl');
  machine.tell(table);
  machine.living.get(11)?.sockets.add(4712);
  assert.equal(table.handedDown(10, 4711), false);
  assert.equal(table.handedDown(11, 4711), true);
  assert.equal(table.handedDown(12, 4711), false);
  // The set is the one of that instant.
  assert.equal(table.handedDown(99, 4711), false);
});

test('a process that could not be looked at in time may have been handed anything', () => {
  const { world: machine, table } = world();
  machine.fork(1, 10);
  machine.exec(10, '/usr/bin/curl');
  machine.exit(10);
  const [fork, exec] = machine.events.splice(0);
  assert.ok(fork && exec);
  table.handle(fork, 0);
  table.handle(exec, 0);
  assert.equal(table.handedDown(10, 1), true);
});

test('lost events: nothing that rests on them is believed any more', () => {
  const { world: machine, table } = world();
  machine.fork(1, 10);
  machine.exec(10, '/usr/bin/curl');
  machine.tell(table);
  machine.exec(10, '/tmp/evil');
  machine.events.length = 0;
  table.distrust();
  assert.equal(table.get(10, 0)?.exe, '/tmp/evil');
});

test('what runs already is remembered with what is above it', () => {
  const machine = new World();
  machine.fork(0, 1);
  machine.fork(1, 10);
  machine.exec(10, '/usr/bin/sshd');
  machine.fork(10, 11);
  machine.exec(11, '/usr/bin/bash');
  machine.events.length = 0;
  const table = new ProcessTable(machine.reader, true);
  for (const pid of [11, 10, 1, 99]) table.seed(pid);
  assert.equal(table.size, 3);
  machine.fork(11, 12);
  machine.exit(11);
  machine.exec(12, '/usr/bin/curl');
  machine.tell(table);
  assert.deepEqual(table.get(12, 0)?.ancestors, ['/usr/bin/bash', '/usr/bin/sshd', '/sbin/init']);
});

test('a program whose file was replaced is still itself for the next table, if it is the same process and file', () => {
  const { world: machine, table } = world();
  machine.fork(1, 10);
  machine.exec(10, '/usr/bin/service');
  machine.fork(10, 11);
  machine.tell(table);
  const text = formatIdentities(table.identities());
  const replaced: ProcessReader = {
    ...machine.reader,
    see: (pid) => {
      const seen = machine.reader.see(pid);
      return seen?.image && { ...seen, image: { ...seen.image, state: 'deleted' } };
    },
  };
  const identities = parseIdentities(text);
  assert.ok(identities.ok);
  const later = new ProcessTable(replaced, true);
  later.recall(identities.value);
  machine.exit(11);
  machine.fork(1, 11);
  machine.events.length = 0;
  assert.equal(later.get(10, 0)?.exe, '/usr/bin/service');
  assert.equal(later.get(11, 0)?.exe, null, 'another process with that pid');
  assert.equal(later.get(1, 0)?.exe, '/sbin/init');
  const forgetful = new ProcessTable(replaced, true);
  assert.equal(forgetful.get(10, 0)?.exe, null);
  const other = machine.living.get(10);
  assert.ok(other);
  other.shown = '/tmp/evil';
  const mistaken = new ProcessTable(replaced, true);
  mistaken.recall(identities.value);
  assert.equal(mistaken.get(10, 0)?.exe, null, 'another file');
});

test('remembered identities that are no such thing are refused', () => {
  for (const text of ['', '{}', '[1]', '[{"pid":1}]', `[{"pid":"1"}]`, 'null']) {
    assert.equal(parseIdentities(text).ok, false, text);
  }
  assert.deepEqual(parseIdentities('[]'), { ok: true, value: [] });
});

test('no more than 65,536 processes are remembered, and the newest of them', () => {
  const { table } = world();
  for (let pid = 2; pid < 70_000; pid++) {
    table.handle({ what: 'fork', pid, tgid: pid, parentTgid: pid - 1 }, 0);
  }
  assert.equal(table.size, 65_536);
  assert.equal(table.get(69_999, 0)?.exe, '/sbin/init');
  assert.equal(table.get(2, 0), undefined);
});

type Step = { readonly what: 'fork' | 'exec' | 'exit' | 'look' | 'tell'; readonly a: number; readonly b: number };

test('whatever happens, a living process that was told of is what it runs', () => {
  const pid = fc.integer({ min: 2, max: 6 });
  const step: fc.Arbitrary<Step> = fc.record({
    what: fc.constantFrom('fork', 'exec', 'exit', 'look', 'tell'),
    a: pid,
    b: pid,
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { world: machine, table } = world();
      let now = 0;
      for (const { what, a, b } of steps) {
        now += 300;
        if (what === 'fork' && !machine.living.has(a)) machine.fork(machine.living.has(b) ? b : 1, a);
        if (what === 'exec' && machine.living.has(a)) machine.exec(a, `/bin/${b}`);
        if (what === 'exit' && machine.living.has(a)) machine.exit(a);
        // Every event is handled before a packet is attributed.
        if (what !== 'exec') machine.tell(table, now);
        if (what !== 'look') continue;
        for (const [living, { program, startTime }] of machine.living) {
          const process = table.get(living, now);
          assert.equal(process?.exe, program);
          assert.equal(process?.startTime, String(startTime));
        }
      }
    }),
    { numRuns: 300 },
  );
});
