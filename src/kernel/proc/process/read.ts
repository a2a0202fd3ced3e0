// Reads one process from /proc. Every text there can be chosen by the process itself: it is bounded, and believed for
// nothing but what the kernel writes.
import { readCgroup } from '#attribution/cgroup.ts';
import type { Birth, ProcessReader, Seen } from '#attribution/processtable.ts';
import type { Process } from '#model/process.ts';
import { appImageOf } from './appimage.ts';
import { inProcess, maxBytes, readLinkBytes, readRecord, readText } from './folder.ts';
import { readImage } from './image.ts';
import { openSockets } from './opensockets.ts';
import { readScript } from './script.ts';

const maxArguments = 4096;

/** `stat` (proc(5)): the name in parentheses may hold anything, so fields are counted from the last parenthesis. */
export function readBirth(folder: string): Birth | undefined {
  const text = readRecord(`${folder}/stat`);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ', 20);
  const [parentPid, startTime] = [fields?.[1], fields?.[19]];
  return parentPid === undefined || startTime === undefined ? undefined : { parentPid: Number(parentPid), startTime };
}

function see(pid: number): Seen | undefined {
  return inProcess(pid, (folder) => {
    const birth = readBirth(folder);
    return birth && { ...birth, image: readImage(folder) };
  });
}

export function readStatus(folder: string): Pick<Process, 'uid' | 'gid' | 'groups'> {
  const text = readText(`${folder}/status`) ?? '';
  const numbers = (name: string) =>
    new RegExp(`^${name}:[ \\t]*(.*)$`, 'm')
      .exec(text)?.[1]
      ?.trim()
      .split(/\s+/)
      .filter((part) => part !== '')
      .map(Number);
  // Real, effective, saved, file system (proc(5)).
  const [uid, gid] = [numbers('Uid')?.[1], numbers('Gid')?.[1]];
  // A list of groups that was cut off is not known.
  return { uid, gid, groups: text.length >= maxBytes ? undefined : numbers('Groups') };
}

function readArguments(folder: string): string[] | undefined {
  const text = readText(`${folder}/cmdline`);
  return text === undefined ? undefined : splitArguments(text);
}

/** Each ends with a NUL; more than anybody would look at are left out. */
export function splitArguments(text: string): string[] {
  const args = text.split('\0', maxArguments + 1);
  if (args.at(-1) === '' || args.length > maxArguments) args.pop();
  return args;
}

/** The path in the unified hierarchy, as the kernel says it; undefined where there is none. */
export function readUnifiedPath(folder: string): string | undefined {
  return /^0::(.*)$/m.exec(readRecord(`${folder}/cgroup`) ?? '')?.[1];
}

/** The path in the unified hierarchy; where the process is only in version 1 hierarchies, the one of systemd. */
export function readCgroupPath(folder: string): string | undefined {
  const text = readText(`${folder}/cgroup`) ?? '';
  const line = /^0::(.*)$/m.exec(text)?.[1];
  const first = /^\d+:name=systemd:(.*)$/m.exec(text)?.[1];
  const path = line === undefined || line === '/' ? (first ?? line) : line;
  // The kernel marks a group that was removed.
  return path?.replace(/ \(deleted\)$/, '');
}

/** null where no security module labels processes. */
export function readLabel(folder: string): string | null {
  const label = readText(`${folder}/attr/current`)?.replace(/[\0\n]+$/, '');
  return label === undefined || label === '' ? null : label;
}

function readFacts(folder: string, pid: number, { startTime, image }: Seen): Process {
  const args = readArguments(folder);
  const cwd = readLinkBytes(`${folder}/cwd`)?.toString('utf8');
  const cgroup = readCgroupPath(folder);
  // Where the file itself is closed to us, its name still tells the mount that it is in.
  const program = image?.path ?? readLinkBytes(`${folder}/exe`)?.toString('utf8');
  return {
    pid,
    startTime,
    ...(image !== undefined && {
      exe: image.state === 'host' ? image.path : null,
      image,
      script: readScript(folder, image, args, cwd),
    }),
    args,
    cwd,
    ...readStatus(folder),
    cgroup,
    ...(cgroup !== undefined && readCgroup(cgroup)),
    ...(program !== undefined && { appimage: appImageOf(program, folder) }),
    label: readLabel(folder),
  };
}

function read(pid: number, seen: Seen): Process | undefined {
  return inProcess(pid, (folder) => {
    const process = readFacts(folder, pid, seen);
    // After the rest: a process that ended meanwhile has given only half of its facts.
    return readBirth(folder)?.startTime === seen.startTime ? process : undefined;
  });
}

export const procReader: ProcessReader = {
  birth: (pid) => inProcess(pid, readBirth),
  see,
  read,
  sockets: (pid) => inProcess(pid, openSockets) ?? 'many',
};
