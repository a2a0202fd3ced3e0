// Structures of bpf/shared.h as values. They come from our own programs: only their texts are chosen by others.
import type { Caller } from '#engine/types.ts';
import type { Forgery } from '#model/process.ts';
import { cuts, layouts, processFlags } from '../layout.ts';

const { exe, process, owner, event_exec: exec, event_fork: fork, event_exit: exit, event_forged: forged } = layouts;

/** A program file as the kernel numbers it. */
export interface ExeNumbers {
  readonly ino: bigint;
  /** Nanoseconds since 1970. */
  readonly ctime: bigint;
  /** Hash of the path it was executed by. */
  readonly name: bigint;
  /** s_dev: major << 20 | minor. */
  readonly dev: number;
  readonly generation: number;
  readonly mount: number;
  readonly nlink: number;
}

/** What procs[] has of a process. */
export interface KernelProcess {
  readonly exe: ExeNumbers;
  /** Boot-time nanoseconds of its exec or, without one, its fork: with the pid the identity. */
  readonly exec: bigint;
  /** Clock ticks since boot, as in /proc/PID/stat. */
  readonly startTime: string;
  /** The parent's exec when it forked; 0: not known. */
  readonly parentExec: bigint;
  readonly parentPid: number;
  readonly seeded: boolean;
  readonly foreign: boolean;
  /** It has executed nothing since its fork: it runs its parent's program. */
  readonly forked: boolean;
  /** What it had /proc say of it, as far as a program of the kernel saw that. */
  readonly forged: Forgery | undefined;
}

/** Who made a call. */
export interface Owner {
  readonly pid: number;
  /** Effective. */
  readonly uid: number;
  readonly gid: number;
  /** Inode of the cgroup's directory. */
  readonly cgroup: bigint;
  /** Undefined: it was not in procs[]. */
  readonly process: KernelProcess | undefined;
}

export interface ExecEvent {
  /** The owner in bytes: as it would call now. */
  readonly caller: Caller;
  readonly owner: Owner;
  readonly process: KernelProcess;
  /** Inode of its mount namespace. */
  readonly mountNamespace: number;
  /** Undefined where it was longer than the event has room for. A memfd's name has no slash. */
  readonly path: Buffer | undefined;
  readonly file: Buffer | undefined;
  /** Whether the program interprets `file`. */
  readonly script: boolean;
  /** The first bytes where `argsCut`. */
  readonly args: Buffer;
  readonly argsCut: boolean;
  /** Of the program's file, made by the kernel; undefined where it was not asked to, or could not. */
  readonly sha256: string | undefined;
}

const ticksPerSecond = 100n; // USER_HZ, on every processor that is supported
const nanosecondsPerTick = 1_000_000_000n / ticksPerSecond;

export function decodeExe(view: DataView, at: number): ExeNumbers {
  return {
    ino: view.getBigUint64(at + exe.ino, true),
    ctime: view.getBigUint64(at + exe.ctime, true),
    name: view.getBigUint64(at + exe.name, true),
    dev: view.getUint32(at + exe.dev, true),
    generation: view.getUint32(at + exe.generation, true),
    mount: view.getUint32(at + exe.mount, true),
    nlink: view.getUint32(at + exe.nlink, true),
  };
}

function forgeryOf(flags: number): Forgery | undefined {
  if ((flags & processFlags.forgedExe) !== 0) return 'exe';
  return (flags & processFlags.forgedArgs) !== 0 ? 'args' : undefined;
}

export function decodeProcess(view: DataView, at: number): KernelProcess {
  const flags = view.getUint32(at + process.flags, true);
  return {
    exe: decodeExe(view, at + process.exe),
    exec: view.getBigUint64(at + process.exec, true),
    startTime: (view.getBigUint64(at + process.start, true) / nanosecondsPerTick).toString(),
    parentExec: view.getBigUint64(at + process.parent, true),
    parentPid: view.getUint32(at + process.parent_tgid, true),
    seeded: (flags & processFlags.seeded) !== 0,
    foreign: (flags & processFlags.foreign) !== 0,
    forked: (flags & processFlags.forked) !== 0,
    forged: forgeryOf(flags),
  };
}

/** `struct owner` at this place of any map's value or event. */
export function decodeOwner(view: DataView, at: number): Owner {
  return {
    pid: view.getUint32(at + owner.tgid, true),
    uid: view.getUint32(at + owner.uid, true),
    gid: view.getUint32(at + owner.gid, true),
    cgroup: view.getBigUint64(at + owner.cgroup, true),
    process: view.getUint32(at + owner.known, true) === 1 ? decodeProcess(view, at + owner.process) : undefined,
  };
}

const owners = new WeakMap<Caller, Owner>();

/** The same of a caller; what calls again as it did before is read once. */
export function ownerOf(caller: Caller): Owner {
  const known = owners.get(caller);
  if (known !== undefined) return known;
  const owner = decodeOwner(new DataView(caller.buffer, caller.byteOffset, caller.byteLength), 0);
  owners.set(caller, owner);
  return owner;
}

/** `bytes` and `view` are of the same memory; the texts are copied out of it. */
export function decodeExec(bytes: Buffer, view: DataView, at: number): ExecEvent {
  const cut = view.getUint16(at + exec.cut, true);
  const path = at + exec.size;
  const file = path + view.getUint16(at + exec.path_length, true);
  const args = file + view.getUint16(at + exec.file_length, true);
  const end = args + view.getUint16(at + exec.args_length, true);
  return {
    caller: Uint8Array.prototype.slice.call(bytes, at + exec.owner, at + exec.owner + owner.size),
    owner: decodeOwner(view, at + exec.owner),
    process: decodeProcess(view, at + exec.owner + owner.process),
    mountNamespace: view.getUint32(at + exec.mount_ns, true),
    path: (cut & cuts.path) !== 0 ? undefined : Buffer.from(bytes.subarray(path, file)),
    file: (cut & cuts.file) !== 0 ? undefined : Buffer.from(bytes.subarray(file, args)),
    script: view.getUint32(at + exec.script, true) === 1,
    args: Buffer.from(bytes.subarray(args, end)),
    argsCut: (cut & cuts.args) !== 0,
    sha256:
      view.getUint32(at + exec.hashed, true) === 1
        ? bytes.toString('hex', at + exec.sha256, at + exec.sha256 + 32)
        : undefined,
  };
}

export function decodeFork(view: DataView, at: number): { readonly pid: number; readonly process: KernelProcess } {
  return { pid: view.getUint32(at + fork.tgid, true), process: decodeProcess(view, at + fork.process) };
}

export function decodeExit(view: DataView, at: number): { readonly pid: number; readonly exec: bigint } {
  return { pid: view.getUint32(at + exit.tgid, true), exec: view.getBigUint64(at + exit.exec, true) };
}

/** What this process asked for; undefined for bytes that say nothing of it. */
export function decodeForged(
  view: DataView,
  at: number,
): { readonly pid: number; readonly exec: bigint; readonly what: Forgery } | undefined {
  const what = forgeryOf(view.getUint32(at + forged.forged, true));
  if (what === undefined) return undefined;
  return { pid: view.getUint32(at + forged.tgid, true), exec: view.getBigUint64(at + forged.exec, true), what };
}
