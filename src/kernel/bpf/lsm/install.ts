// Puts the programs at the hooks of the kernel's security modules, each part where this kernel takes it. A kernel may load and
// attach them and still never call them, so that each is seen at work before it counts.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';
import { codeOf, libc } from '../../ffi.ts';
import { unifiedMount } from '../../proc/owner/processes.ts';
import { programPin } from '../flows/hooks.ts';
import { type Problem, pinPrograms, placeMaps } from '../install.ts';
import { hashedBySha256, layouts } from '../layout.ts';
import { type Libbpf, libbpf } from '../libbpf.ts';
import type { BpfMap } from '../map.ts';
import { BpfObject } from '../object.ts';
import type { Pins } from '../pins.ts';
import { framesPin } from './frames.ts';
import {
  allLsmPrograms,
  harmlessOf,
  type LsmPart,
  type LsmState,
  type LsmStates,
  lsmObject,
  lsmParts,
  pinnedOf,
} from './parts.ts';

const PR_SET_MM = 35; // include/uapi/linux/prctl.h
const AF_PACKET = 17; // include/linux/socket.h
const SOCK_RAW = 3;

const never = 'the kernel takes the program and never calls it: bpf is not among its security modules (lsm=…,bpf)';

/** Others were loaded by the same process before. */
const forbidden = 'the kernel permits no program of a security module (EPERM)';

/** Names the cgroup whose programs are meant; nobody else is ever acted upon. */
function nameCgroup(map: BpfMap, cgroup: string): Problem {
  const fd = openSync(cgroup, 'r');
  try {
    const value = Buffer.alloc(4);
    value.writeUInt32LE(fd);
    const written = map.update(Buffer.alloc(4), value);
    return written.ok ? undefined : `the cgroup ${cgroup} cannot be named: ${written.error}`;
  } finally {
    closeSync(fd);
  }
}

/** Sets a field of the settings, and gives what it was. */
function exchange(config: BpfMap, field: 'hash' | 'probe', number: number): number {
  const [key, value] = [Buffer.alloc(4), Buffer.alloc(layouts.config.size)];
  config.lookup(key, value);
  const before = value.readUInt32LE(layouts.config[field]);
  value.writeUInt32LE(number, layouts.config[field]);
  config.update(key, value);
  return before;
}

/** Whether a call of our own is seen. None of them changes anything. */
function isCalled(config: BpfMap, call: () => void): Problem {
  exchange(config, 'probe', process.pid);
  call();
  return exchange(config, 'probe', 0) === 0 ? undefined : never;
}

/** Executes a program that does nothing, and looks for its hash. */
function hashes(config: BpfMap, map: BpfMap): Problem {
  const before = exchange(config, 'hash', 1);
  const { pid } = spawnSync('true');
  exchange(config, 'hash', before);
  const { result: resultAt, settled, tgid, size } = layouts.file_hash;
  for (const { count, values } of map.batches()) {
    for (let at = 0; at < count * size; at += size) {
      const result = values.readInt32LE(at + resultAt);
      if (result === hashedBySha256 && values.readUInt32LE(at + settled) === 1) return undefined;
      if (values.readUInt32LE(at + tgid) !== pid) continue;
      if (result === hashedBySha256) return undefined;
      return result < 0
        ? `bpf_ima_file_hash gives ${codeOf(-result)}: IMA is not at work (CONFIG_IMA)`
        : `IMA hashes by algorithm ${result}, and not by SHA-256 (ima_hash=sha256)`;
    }
  }
  return never;
}

const trials: Readonly<Record<LsmPart, (object: BpfObject) => Problem>> = {
  frames: (object) =>
    isCalled(configOf(object), () => {
      // Of no protocol: it receives nothing.
      const fd = libc.socket(AF_PACKET, SOCK_RAW, 0);
      if (fd >= 0) libc.close(fd);
    }),
  forgery: (object) =>
    isCalled(configOf(object), () => {
      libc.prctl(PR_SET_MM, 0, 0, 0, 0);
    }),
  hashes: (object) => hashes(configOf(object), object.map('hashes', layouts.file_key.size, layouts.file_hash.size)),
};

const configOf = (object: BpfObject) => object.map('config', 4, layouts.config.size);

/** Loads one part and sees it at work. With pins it stays, but for `frames`, of which only the programs are pinned. */
function enter(lib: Libbpf, part: LsmPart, cgroup: string, pins: Pins | undefined): Problem {
  const opened = BpfObject.open(lib, lsmObject);
  if (!opened.ok) return opened.error;
  const object = opened.value;
  try {
    const [harmless, pinned] = [harmlessOf[part], pinnedOf[part]];
    for (const name of allLsmPrograms) if (!harmless.includes(name) && !pinned.includes(name)) object.skip(name);
    placeMaps(object, pins, ['guarded']);
    const loaded = object.load();
    if (!loaded.ok) return loaded.error.includes('(EPERM)') ? forbidden : loaded.error;
    const guarded = object.map('guarded', 4, 4);
    // Where this very process is, so that it can be tried.
    const problem = nameCgroup(guarded, unifiedMount() ?? cgroup);
    if (problem !== undefined) return problem;
    for (const name of harmless) {
      const attached = object.attach(name, pinned.length > 0 ? undefined : pins?.path(name));
      if (!attached.ok) return attached.error;
    }
    const failed = trials[part](object) ?? nameCgroup(guarded, cgroup);
    return failed === undefined && pins !== undefined ? pinPrograms(object, pinned, pins) : failed;
  } finally {
    object.close();
  }
}

/** Nothing of a part stays that does not work. */
function drop(part: LsmPart, pins: Pins): void {
  const names = [...harmlessOf[part], ...pinnedOf[part].map(programPin), ...(part === 'frames' ? [framesPin] : [])];
  for (const name of names) rmSync(pins.path(name), { force: true });
}

function states(enterPart: (lib: Libbpf, part: LsmPart) => Problem): LsmStates {
  const state = (part: LsmPart): LsmState => {
    const lib = libbpf();
    if ('missing' in lib) return { works: false, reason: lib.missing };
    let problem: Problem;
    try {
      problem = enterPart(lib, part);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    return problem === undefined
      ? { works: true, reason: 'the kernel calls the program' }
      : { works: false, reason: problem };
  };
  return { frames: state('frames'), forgery: state('forgery'), hashes: state('hashes') };
}

/** Where there is no part, nothing needs to know the cgroup. */
function dropUnused(found: LsmStates, pins: Pins): void {
  if (lsmParts.every((part) => !found[part].works)) rmSync(pins.path('guarded'), { force: true });
}

/** After `installKernelPath`, whose pins it adds to. `cgroup`: the folder whose programs are meant. Takes up or takes away what stands. */
export function installLsm(pins: Pins, cgroup: string): LsmStates {
  const found = states((lib, part) => {
    const problem = enter(lib, part, cgroup, pins);
    if (problem !== undefined) drop(part, pins);
    return problem;
  });
  dropUnused(found, pins);
  return found;
}

/** What this kernel takes, by loading and attaching for a moment programs that can refuse nothing. */
export function tryLsm(): LsmStates {
  const cgroup = unifiedMount();
  if (cgroup === undefined) {
    const state = { works: false, reason: 'there is no cgroup v2 hierarchy, whose programs would be meant' };
    return { frames: state, forgery: state, hashes: state };
  }
  return states((lib, part) => enter(lib, part, cgroup, undefined));
}
