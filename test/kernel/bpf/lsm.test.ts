// The programs at the hooks of the kernel's security modules: what they do where the kernel calls them, and what is said and left
// where it does not. Debian's kernels from 6.1 on call all of them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Caller } from '#engine/types.ts';
import type { FlowEvent } from '#kernel/bpf/flows/kernelflows.ts';
import { KernelBook } from '#kernel/bpf/identity/book.ts';
import { decodeOwner } from '#kernel/bpf/identity/decode.ts';
import { countSlots } from '#kernel/bpf/layout.ts';
import { installLsm, tryLsm } from '#kernel/bpf/lsm/install.ts';
import { allLsmPrograms, lsmParts } from '#kernel/bpf/lsm/parts.ts';
import { packetSocket } from '#model/flow.ts';
import type { Process } from '#model/process.ts';
import type { FlowMask } from '#policy/cache/mask.ts';
import { compilePolicy } from '#policy/policy.ts';
import { Makers } from '../../../src/daemon/gate/calls/makers.ts';
import { Teacher } from '../../../src/daemon/gate/teacher.ts';
import { rule } from '../../dsl.ts';
import { cgroupRoot } from '../cgroup.ts';
import { program } from '../compiled.ts';
import { guard } from '../guarded.ts';
import { scratchFolder, start, until } from '../programs.ts';
import { actorFile, known, pinsFolder } from './watched.ts';

const [EPERM, EAFNOSUPPORT] = [1, 97];
const tried = tryLsm();
const works = lsmParts.every((part) => tried[part].works);
const debian = /^(\d+\.\d+)\..*-cloud-amd64$/.exec(release())?.[1];

const guarded = await guard();
const { flows, pins, cgroup } = guarded;
const events: { readonly type: number; readonly flow: FlowEvent | undefined }[] = [];
const forged: unknown[] = [];
const book = new KernelBook(pins, {
  onLost: () => {},
  onForged: (pid, process, what) => forged.push([pid, process?.exe, what]),
  onExec: (caller) => makers.executed(caller),
  onOther: (type, bytes, _, at) => events.push({ type, flow: flows.event(bytes, at) }),
});
after(() => book.close());
const states = installLsm(pins, cgroup);
/** Who is to be taught of; set by the test that teaches. */
let foretell: (callers: readonly Caller[]) => void = () => {};
const makers = new Makers({ flows, book, mount: cgroupRoot(), foretell: (callers) => foretell(callers) });
const generation = () => flows.cache.generation;
const stand = (state: 'enforce' | 'observe' | 'off', packets: boolean) => {
  const stands = flows.stand(state, { packets });
  assert.ok(stands.ok, stands.ok ? '' : stands.error);
};

test('a kernel that calls the programs is known from one that does not, with its own words', () => {
  for (const part of lsmParts) assert.match(tried[part].reason, /\S/);
  if (debian !== undefined) {
    const all = lsmParts.map((part) => tried[part].works);
    assert.deepEqual(
      all,
      lsmParts.map(() => debian !== '5.10'),
      JSON.stringify(tried),
    );
  }
});

test('what is installed is what was tried', () => {
  assert.deepEqual(
    lsmParts.map((part) => states[part].works),
    lsmParts.map((part) => tried[part].works),
    JSON.stringify(states),
  );
});

const maker = program(join(import.meta.dirname, 'maker.c'), join(pinsFolder(), 'maker'));

interface Maker {
  readonly pid: number;
  /** What it says to a line. */
  tell(line: string): Promise<string>;
}

/** `outside`: in the root cgroup, so that it is none of ours. */
async function make(context: TestContext, file = maker, outside = false): Promise<Maker> {
  const child = outside
    ? await start(context, 'sh', ['-c', `echo $$ >${cgroupRoot()}/cgroup.procs; exec ${file}`])
    : await start(context, file, []);
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const next = async () => ((await once(lines, 'line')) as [string])[0];
  assert.equal(await next(), `ready ${child.pid}`);
  return {
    pid: child.pid,
    async tell(line) {
      const said = next();
      child.stdin?.write(`${line}\n`);
      return said;
    },
  };
}

if (!works) {
  test('where the kernel takes none, nothing of them is left, and all else stands', () => {
    assert.ok(lsmParts.every((part) => !tried[part].works));
    const left = readdirSync(pins.folder).filter((name) => /frames|forging|hash_program|guarded/.test(name));
    assert.deepEqual(left, []);
    assert.ok(pins.has(['procs', 'on_exec', 'hook_connect4']));
    stand('observe', false);
    stand('enforce', true);
  });

  test('without them a packet socket is made as ever', async (context) => {
    stand('enforce', true);
    const { tell } = await make(context);
    assert.equal(await tell('packet'), '0');
  });
} else {
  const byProtocol: FlowMask = {
    ...{ executable: false, process: false, uid: false, gid: false, cgroup: false, protocol: true, port: false },
    ...{ local: false, loopback: false, remoteBits: 0, names: false },
  };

  /** The events of this process since the last call. */
  const told = (pid: number): FlowEvent[] => {
    book.drain();
    const all = events.splice(0).flatMap(({ flow }) => (flow === undefined ? [] : [flow]));
    return all.filter((event) => event.type !== 'end' && ownerOf(event)?.pid === pid);
  };
  const ownerOf = (event: FlowEvent) =>
    event.type === 'end' ? undefined : decodeOwner(new DataView(event.caller.buffer, event.caller.byteOffset), 0);

  test('a packet socket of whose maker nothing is known is refused where that is asked for, and told', async (context) => {
    stand('enforce', true);
    const { pid, tell } = await make(context);
    const before = book.count(countSlots.packetsUnknown);
    assert.equal(await tell('packet'), String(EPERM));
    const [event, ...more] = told(pid);
    assert.deepEqual(more, []);
    assert.ok(event?.type === 'unknown');
    assert.deepEqual([event.flow, event.verdict], [packetSocket, 'reject']);
    assert.equal(known(book, pid).exe, maker);
    assert.equal(await tell('old'), String(EPERM));
    assert.equal(await tell('xdp'), String(EPERM));
    assert.equal(book.count(countSlots.packetsUnknown), before + 3);
    assert.equal(await tell('inet'), '0');
  });

  test('what was taught of a program holds for it, and for nobody else', async (context) => {
    stand('enforce', false);
    const other = join(scratchFolder(context), 'other');
    copyFileSync(maker, other);
    const first = await make(context);
    const second = await make(context, other);
    assert.equal(await first.tell('packet'), '0');
    const [event] = told(first.pid);
    assert.ok(event?.type === 'unknown');
    assert.equal(event.verdict, 'allow');
    const teach = (action: 'allow' | 'reject', errno?: 'ENETUNREACH') => {
      flows.cache.swap(generation() + 1);
      const decision = { action, rule: 'r', by: 'rule', revision: 1, logged: [], ...(errno && { errno }) } as const;
      const mask = { ...byProtocol, executable: true };
      const { caller } = event;
      assert.ok(flows.cache.teach({ caller, flow: packetSocket, mask, decision, lifetimeMs: Infinity }, generation()));
    };
    teach('reject');
    assert.equal(await first.tell('packet'), String(EPERM));
    const [refused] = told(first.pid);
    assert.ok(refused?.type === 'decided');
    assert.deepEqual([refused.verdict, refused.by?.rule, refused.flow], ['reject', 'r', packetSocket]);
    assert.equal(await second.tell('packet'), '0');
    teach('reject', 'ENETUNREACH');
    assert.equal(await first.tell('packet'), '101');
    stand('enforce', true);
    teach('allow');
    assert.equal(await first.tell('packet'), '0');
    assert.equal(await second.tell('packet'), String(EPERM));
    flows.cache.swap(generation() + 1);
    assert.equal(await first.tell('packet'), String(EPERM));
    // A program that can refuse nothing, whatever it knows.
    teach('reject');
    stand('observe', true);
    assert.equal(await first.tell('packet'), '0');
    stand('off', false);
    told(first.pid);
    assert.equal(await first.tell('packet'), '0');
    assert.deepEqual(told(first.pid), []);
    flows.cache.swap(generation() + 1);
  });

  test('what the rules say of a program that runs or begins is known before it calls', async (context) => {
    stand('enforce', false);
    const early = await make(context);
    const record = rule('reject maker protocol packet');
    const { policy } = compilePolicy([{ ...record, rule: { ...record.rule, app: maker } }], {
      ...{ revision: 1, mode: 'allow', accounts: { users: {}, groups: {} } },
    });
    flows.cache.swap(generation() + 1);
    const found = new Map<Process, Caller>();
    const callerOf = (process: Process) => found.get(process);
    let teacher = new Teacher({ policy, cache: flows.cache, generation: generation(), callerOf, namesLast: () => 0 });
    context.after(() => {
      foretell = () => {};
    });
    foretell = (callers) => {
      for (const caller of callers) {
        const process = book.byOwner(decodeOwner(new DataView(caller.buffer, caller.byteOffset), 0), Date.now());
        found.set(process, caller);
        teacher.decide({ process, flow: packetSocket, names: [] }, Date.now());
      }
    };
    assert.ok(makers.running().length > 0);
    foretell(makers.running());
    assert.equal(await early.tell('packet'), String(EPERM));
    const [refused] = told(early.pid);
    assert.deepEqual(
      [refused?.type, refused?.type === 'decided' && refused.by?.rule],
      ['decided', policy.ordered[0]?.name],
    );
    flows.cache.swap(generation() + 1);
    teacher = new Teacher({ policy, cache: flows.cache, generation: generation(), callerOf, namesLast: () => 0 });
    const other = await make(context);
    book.drain();
    await new Promise(setImmediate);
    assert.equal(await other.tell('packet'), String(EPERM));
    const [begun] = told(other.pid);
    assert.equal(begun?.type, 'decided');
    flows.cache.swap(generation() + 1);
  });

  test('outside the cgroup and in other network namespaces everything is as it was', async (context) => {
    stand('enforce', true);
    const outside = await make(context, maker, true);
    assert.equal(await outside.tell('packet'), '0');
    assert.equal(await outside.tell('args'), '0');
    assert.equal(book.kernelProcess(outside.pid)?.forged, undefined);
    assert.deepEqual(told(outside.pid), []);
    const inside = await make(context);
    assert.equal(await inside.tell('packet'), String(EPERM));
    assert.equal(await inside.tell('elsewhere'), '0');
    assert.equal(await inside.tell('packet'), '0');
  });

  test('a process that changes what /proc says of it is told once of each kind, and is who it was', async (context) => {
    const before = book.count(countSlots.forged);
    const { pid, tell } = await make(context);
    forged.length = 0;
    for (let time = 0; time < 3; time++) assert.equal(await tell('args'), '0');
    book.drain();
    assert.deepEqual(forged.splice(0), [[pid, maker, 'args']]);
    assert.equal(book.kernelProcess(pid)?.forged, 'args');
    const child = await start(context, actorFile(), ['forge', '/usr/bin/cat']);
    await until(() => book.kernelProcess(child.pid)?.forged === 'exe', 'its disguise');
    assert.equal(known(book, child.pid).exe, actorFile());
    assert.deepEqual(forged, [[child.pid, actorFile(), 'exe']]);
    const process = book.kernelProcess(child.pid);
    const owner = { pid: child.pid, uid: 0, gid: 0, cgroup: 0n, process };
    assert.equal(book.byOwner(owner, Date.now()).forged, 'exe');
    assert.equal(book.count(countSlots.forged), before + 2);
  });

  test('every other prctl answers as without the programs', async (context) => {
    const watched = await make(context);
    const unwatched = await make(context, maker, true);
    assert.equal(await watched.tell('others'), await unwatched.tell('others'));
    assert.match(await watched.tell('others'), /,-22,-22,renamed$/);
    assert.equal(book.kernelProcess(watched.pid)?.forged, undefined);
  });

  const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

  test('the kernel tells the hash with the exec, of each version of the file', async (context) => {
    const file = join(scratchFolder(context), 'hashed');
    copyFileSync(maker, file);
    book.hash(true);
    const hashOf = async () => {
      const { pid } = await make(context, file);
      return known(book, pid).sha256;
    };
    const first = sha256(file);
    assert.deepEqual([await hashOf(), await hashOf()], [first, first]);
    await sleep(1200);
    // Hashed for good by the first of these, and only looked up by the second.
    assert.deepEqual([await hashOf(), await hashOf()], [first, first]);
    const next = `${file}-next`;
    copyFileSync(file, next);
    appendFileSync(next, 'x');
    assert.notEqual(sha256(next), first);
    writeFileSync(`${next}.sh`, `#!${next}\n`, { mode: 0o755 });
    const script = await make(context, `${next}.sh`);
    assert.equal(known(book, script.pid).sha256, sha256(next));
    const outside = await make(context, next, true);
    assert.ok([undefined, sha256(next)].includes(known(book, outside.pid).sha256));
    book.hash(false);
    assert.equal(await hashOf(), undefined);
  });

  test('a version that is changed within the same tick is never taken for the one before', async (context) => {
    const folder = scratchFolder(context);
    book.hash(true);
    for (let round = 0; round < 5; round++) {
      const file = join(folder, 'quick');
      copyFileSync(maker, file);
      appendFileSync(file, String(round));
      const { pid } = await make(context, file);
      assert.equal(known(book, pid).sha256, sha256(file), `round ${round}`);
      process.kill(pid, 'SIGKILL');
      await until(() => book.kernelProcess(pid) === undefined, 'its end');
    }
    book.hash(false);
  });

  /** What no pin holds any more leaves the kernel a grace period later. */
  const passes = async ({ tell }: Maker) => {
    const end = Date.now() + 30_000;
    while ((await tell('packet')) !== '0') assert.ok(Date.now() < end, 'a program that refuses still stands');
  };

  test('the capabilities that the gate keeps are enough to exchange the program', async (context) => {
    stand('enforce', true);
    const source = join(import.meta.dirname, '../../../src/kernel/bpf');
    const script = `
      const { Frames } = await import('${source}/lsm/frames.ts');
      const { Pins } = await import('${source}/pins.ts');
      const { libbpf } = await import('${source}/libbpf.ts');
      const set = new Frames(libbpf(), Pins.of('${dirname(dirname(pins.folder))}')).set('observe');
      console.log(set.ok ? 'done' : set.error);`;
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script];
    const kept = '--bounding-set=-all,+net_admin,+sys_ptrace,+dac_read_search,+bpf';
    assert.equal(execFileSync('setpriv', [kept, '--inh-caps=-all', '--', ...node], { encoding: 'utf8' }), 'done\n');
    await passes(await make(context));
    stand('off', false);
  });

  test('the next Postern takes the programs up, and nothing stays when they are taken away', async (context) => {
    stand('enforce', true);
    assert.ok(pins.has(['forging', 'select_program', 'hash_program', 'hook_frames']));
    const again = installLsm(pins, cgroup);
    assert.ok(
      lsmParts.every((part) => again[part].works),
      JSON.stringify(again),
    );
    const { pid, tell } = await make(context);
    assert.equal(await tell('packet'), String(EPERM));
    assert.equal(await tell('args'), '0');
    assert.equal(book.kernelProcess(pid)?.forged, 'args');
    pins.clear();
    const free = await make(context);
    await passes(free);
    assert.deepEqual(readdirSync(pins.folder), []);
  });
}

test('a kernel without AF_XDP says so itself', async (context) => {
  if (works) flows.stand('off');
  const { tell } = await make(context);
  assert.ok(['0', String(EAFNOSUPPORT)].includes(await tell('xdp')));
  assert.ok(allLsmPrograms.length === 5);
});
