// Reads one process from /proc. Every text there can be chosen by the process itself: it is bounded, and believed for
// nothing but what the kernel writes.
import { closeSync, constants, existsSync, openSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs';
import { readCgroup } from '#attribution/cgroup.ts';
import type { ProcessReader, Seen } from '#attribution/processtable.ts';
import { scriptOf } from '#attribution/script.ts';
import type { Image, ImageState, Process } from '#model/process.ts';
import { libc } from '../ffi.ts';
import { appImageOf } from './appimage.ts';

/** include/uapi/linux/fs.h: FS_IOC_GETVERSION, _IOR('v', 1, long) on 64-bit. */
const FS_IOC_GETVERSION = 0x80087601;
const maxArguments = 4096;
const maxArgumentBytes = 131_072;

const scratch = Buffer.allocUnsafeSlow(maxArgumentBytes);

/** At most 128 KB of the file; undefined when it cannot be read. */
function readText(path: string, encoding: 'utf8' | 'latin1' = 'utf8'): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY);
  } catch {
    return undefined;
  }
  try {
    let length = 0;
    while (length < scratch.length) {
      const count = readSync(fd, scratch, length, scratch.length - length, null);
      if (count === 0) break;
      length += count;
    }
    return scratch.toString(encoding, 0, length);
  } catch {
    return undefined; // ESRCH: the process ended while it was read
  } finally {
    closeSync(fd);
  }
}

interface Stat {
  readonly parentPid: number;
  readonly startTime: string;
}

/** /proc/PID/stat (proc(5)): the name in parentheses may hold anything, so fields are counted from the last parenthesis. */
function readStat(pid: number): Stat | undefined {
  const text = readText(`/proc/${pid}/stat`, 'latin1');
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const [parentPid, startTime] = [fields?.[1], fields?.[19]];
  return parentPid === undefined || startTime === undefined ? undefined : { parentPid: Number(parentPid), startTime };
}

function generationOf(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return '0';
  }
  const value = Buffer.alloc(8);
  const known = libc.ioctl(fd, FS_IOC_GETVERSION, value) === 0;
  closeSync(fd);
  return known ? value.readUInt32LE(0).toString() : '0';
}

const deletedMark = ' (deleted)';

/** The state, by comparing with the file that stands at the path in our own mount namespace: the host's. */
function stateOf(path: string, file: { dev: bigint; ino: bigint; nlink: bigint }): ImageState {
  try {
    const host = statSync(path, { bigint: true });
    if (host.dev === file.dev && host.ino === file.ino) return 'host';
  } catch {
    // There is no such file here.
  }
  if (file.nlink === 0n) return path.startsWith('/memfd:') ? 'memfd' : 'deleted';
  return 'foreign';
}

/** The program file of a process; undefined for a kernel thread and for a process that is gone. */
export function readImage(pid: number): Image | undefined {
  const link = `/proc/${pid}/exe`;
  try {
    const path = readlinkSync(link);
    // Through the link the kernel opens the very file that runs, wherever it is and whatever its name is now.
    const file = statSync(link, { bigint: true });
    return {
      path: path.endsWith(deletedMark) && file.nlink === 0n ? path.slice(0, -deletedMark.length) : path,
      identity: {
        device: file.dev.toString(),
        inode: file.ino.toString(),
        generation: generationOf(link),
        ctime: file.ctimeNs.toString(),
      },
      state: stateOf(path, file),
    };
  } catch {
    return undefined;
  }
}

/** What is true of the process at this instant; undefined when it is gone. */
function see(pid: number): Seen | undefined {
  const before = readStat(pid);
  if (before === undefined) return undefined;
  const image = readImage(pid);
  return readStat(pid)?.startTime === before.startTime ? { ...before, image } : undefined;
}

function readStatus(pid: number): Pick<Process, 'uid' | 'gid' | 'groups'> {
  const text = readText(`/proc/${pid}/status`, 'latin1') ?? '';
  const numbers = (name: string) =>
    new RegExp(`^${name}:[ \\t]*(.*)$`, 'm')
      .exec(text)?.[1]
      ?.trim()
      .split(/\s+/)
      .filter((part) => part !== '')
      .map(Number);
  // Real, effective, saved, file system (proc(5)).
  return { uid: numbers('Uid')?.[1], gid: numbers('Gid')?.[1], groups: numbers('Groups') };
}

function readArguments(pid: number): string[] | undefined {
  const text = readText(`/proc/${pid}/cmdline`);
  if (text === undefined) return undefined;
  const args = text.split('\0');
  if (args.at(-1) === '') args.pop();
  return args.slice(0, maxArguments);
}

/** The path in the unified hierarchy; where the process is only in version 1 hierarchies, the one of systemd. */
function readCgroupPath(pid: number): string | undefined {
  const text = readText(`/proc/${pid}/cgroup`);
  const line = /^0::(.*)$/m.exec(text ?? '')?.[1];
  const first = /^\d+:name=systemd:(.*)$/m.exec(text ?? '')?.[1];
  return line === undefined || line === '/' ? (first ?? line) : line;
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** null where no security module labels processes. */
function readLabel(pid: number): string | null {
  const label = readText(`/proc/${pid}/attr/current`)?.replace(/[\0\n]+$/, '');
  return label === undefined || label === '' ? null : label;
}

function read(pid: number, seen: Seen): Process | undefined {
  const { image } = seen;
  const args = readArguments(pid);
  const cwd = readLink(`/proc/${pid}/cwd`);
  const cgroup = readCgroupPath(pid);
  const script = image && args && scriptOf(image.path, args, cwd);
  const facts = cgroup === undefined ? {} : readCgroup(cgroup);
  const process: Process = {
    pid,
    startTime: seen.startTime,
    exe: image?.state === 'host' ? image.path : null,
    image,
    script: typeof script === 'string' && !existsSync(script) ? null : script,
    args,
    cwd,
    ...readStatus(pid),
    cgroup,
    ...facts,
    appimage: image === undefined ? undefined : appImageOf(image.path),
    label: readLabel(pid),
  };
  // Another process may have got the pid while we read.
  return readStat(pid)?.startTime === seen.startTime ? process : undefined;
}

export const procReader: ProcessReader = { see, read };

/** Whether the process that began at `startTime` still lives. */
export function livesStill(pid: number, startTime: string): boolean {
  return readStat(pid)?.startTime === startTime;
}

/** Effective uid of a process; undefined when it is gone. */
export function uidOf(pid: number): number | undefined {
  return readStatus(pid).uid;
}

/** Lines of a small /proc file; none when it cannot be read. */
export function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').split('\n');
  } catch {
    return [];
  }
}
