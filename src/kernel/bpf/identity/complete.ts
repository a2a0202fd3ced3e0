// What the kernel's event does not say of a program that begins: read from /proc at once, and not known where the process
// is gone already. Nothing that a program could choose afterwards is taken from there.
import { statSync } from 'node:fs';
import { readCgroup } from '#attribution/cgroup.ts';
import type { Began } from '#attribution/exectable.ts';
import { scriptOf } from '#attribution/script.ts';
import type { Image, Process } from '#model/process.ts';
import { appImageOf } from '../../proc/process/appimage.ts';
import { inProcess, maxBytes, readLinkBytes, readRecord } from '../../proc/process/folder.ts';
import { openSockets } from '../../proc/process/opensockets.ts';
import { readBirth, readLabel, readStatus, splitArguments } from '../../proc/process/read.ts';
import { readScript, scriptAt } from '../../proc/process/script.ts';
import type { CgroupPaths } from './cgrouppaths.ts';
import type { ExecEvent, KernelProcess } from './decode.ts';
import type { HostFiles } from './hostfile.ts';

const ownMountNamespace = statSync('/proc/self/ns/mnt').ino;

/** Facts that a process can change while its program runs. */
export function readChanging(folder: string): Process {
  const cwd = readLinkBytes(`${folder}/cwd`)?.toString('utf8');
  return { cwd, ...readStatus(folder), label: readLabel(folder) };
}

/** The event's arguments; where they were cut, the rest is the process's word, if it begins as the event does. */
function argumentsOf(event: ExecEvent, folder: string | undefined): readonly string[] | undefined {
  if (!event.argsCut) return splitArguments(event.args.toString('utf8'));
  const whole = folder === undefined ? undefined : readRecord(`${folder}/cmdline`);
  if (whole === undefined || event.args.length === 0 || whole.length >= maxBytes) return undefined;
  const bytes = Buffer.from(whole, 'latin1');
  return bytes.subarray(0, event.args.length).equals(event.args) ? splitArguments(bytes.toString('utf8')) : undefined;
}

/** By the kernel's word where it found `#!`, else from the arguments of an interpreter; a file of the host or none. */
function scriptOfEvent(
  event: ExecEvent,
  image: Image,
  args: readonly string[] | undefined,
  cwd: string | undefined,
  folder: string | undefined,
): string | null | undefined {
  if (event.script && event.file !== undefined) {
    const file = event.file.toString('utf8');
    // A script without a name of its own: `/dev/fd/3` would be a file of ours.
    if (/^\/(dev\/fd|proc)\//.test(file)) return null;
    if (file.startsWith('/') || cwd !== undefined) {
      const named = file.startsWith('/') ? file : `${cwd}/${file}`;
      return scriptAt(named, folder, event.mountNamespace === ownMountNamespace);
    }
    return undefined;
  }
  if (folder !== undefined) return readScript(folder, image, args, cwd);
  if (args === undefined) return undefined;
  const named = scriptOf(image.path, args, cwd ?? '/nowhere');
  if (named === null) return null;
  return named.startsWith('/nowhere')
    ? undefined
    : scriptAt(named, undefined, event.mountNamespace === ownMountNamespace);
}

/** All that is known of a program as it begins. */
export function beginOf(event: ExecEvent, files: HostFiles, cgroups: CgroupPaths): Began {
  const { owner, process, path } = event;
  const complete = (folder: string | undefined): Began => {
    const image = path === undefined ? undefined : files.image(process.exe, path, process.foreign);
    const changing = folder === undefined ? {} : readChanging(folder);
    const cgroup = folder === undefined ? cgroups.known(owner.cgroup) : cgroups.ofProcess(owner.cgroup, folder);
    const args = argumentsOf(event, folder);
    const program = image?.path;
    return {
      facts: {
        ...imageFacts(image),
        ...(image !== undefined && event.sha256 !== undefined && { sha256: event.sha256 }),
        ...(image !== undefined && { script: scriptOfEvent(event, image, args, changing.cwd, folder) }),
        args,
        ...changing,
        uid: owner.uid,
        gid: owner.gid,
        cgroup,
        ...(cgroup !== undefined && readCgroup(cgroup)),
        ...(program !== undefined && folder !== undefined && { appimage: appImageOf(program, folder) }),
      },
      handedDown: folder === undefined ? 'many' : openSockets(folder),
      seeded: false,
    };
  };
  const found = inProcess(owner.pid, (folder) =>
    readBirth(folder)?.startTime === process.startTime ? complete(folder) : undefined,
  );
  return found ?? complete(undefined);
}

function imageFacts(image: Image | undefined): Process {
  return image === undefined ? {} : { image, exe: image.state === 'host' ? image.path : null };
}

const deletedMark = ' (deleted)';

/** A program of whose exec there was no event, seen while it runs. What /proc calls it counts only if the numbers agree. */
export function meetRunning(
  pid: number,
  process: KernelProcess,
  files: HostFiles,
  cgroups: (folder: string) => string | undefined,
): Began | undefined {
  return inProcess(pid, (folder) => {
    if (readBirth(folder)?.startTime !== process.startTime) return undefined;
    const link = readLinkBytes(`${folder}/exe`);
    const image = link === undefined ? undefined : runningImage(link, `${folder}/exe`, process, files);
    const changing = readChanging(folder);
    const cgroup = cgroups(folder);
    const args = splitArguments(readRecord(`${folder}/cmdline`) ?? '');
    return {
      facts: {
        ...imageFacts(image),
        ...(image !== undefined && { script: readScript(folder, image, args, changing.cwd) }),
        args,
        ...changing,
        cgroup,
        ...(cgroup !== undefined && readCgroup(cgroup)),
        ...(link !== undefined && { appimage: appImageOf(link.toString('utf8'), folder) }),
      },
      handedDown: process.seeded ? new Set<number>() : 'many',
      seeded: process.seeded,
    };
  });
}

/** Undefined where /proc names another file than the kernel saw: prctl(PR_SET_MM) changes the link, not what was seen. */
function runningImage(link: Buffer, path: string, process: KernelProcess, files: HostFiles): Image | undefined {
  const now = files.numbers(path);
  const { exe } = process;
  if (now === undefined || now.ino !== exe.ino || now.dev !== exe.dev || now.generation !== exe.generation)
    return undefined;
  const text = link.toString('latin1');
  const name = now.nlink === 0 && text.endsWith(deletedMark) ? link.subarray(0, -deletedMark.length) : link;
  const memfd = name.subarray(0, 7).toString('latin1') === '/memfd:';
  return files.image({ ...exe, nlink: now.nlink }, memfd ? name.subarray(1) : name, process.foreign);
}
