// Puts the programs at Unix sockets into the kernel, where it takes them (Linux 6.7): the gate puts them at their hooks.
import { closeSync, openSync, rmSync } from 'node:fs';
import { unifiedMount } from '../../proc/owner/processes.ts';
import { programPin } from '../flows/hooks.ts';
import { type Problem, pinPrograms, placeMaps } from '../install.ts';
import { libbpf } from '../libbpf.ts';
import { BpfObject } from '../object.ts';
import type { Pins } from '../pins.ts';
import { type UnixState, unixHooks, unixMaps, unixObject, unixPrograms } from './parts.ts';

const BPF_PROG_TYPE_CGROUP_SOCK_ADDR = 18; // include/uapi/linux/bpf.h

function enter(pins: Pins | undefined, cgroup: string): Problem {
  const lib = libbpf();
  if ('missing' in lib) return lib.missing;
  const opened = BpfObject.open(lib, unixObject);
  if (!opened.ok) return opened.error;
  const object = opened.value;
  const folder = openSync(cgroup, 'r');
  try {
    for (const name of unixPrograms) object.setType(name, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, unixHooks[name]);
    placeMaps(object, pins, Object.keys(unixMaps));
    const loaded = object.load();
    if (!loaded.ok) return loaded.error;
    // For a moment: without confinements they let everything pass, and nobody is told.
    if (pins === undefined) {
      for (const name of unixPrograms) {
        const attached = object.attachCgroup(name, folder);
        if (!attached.ok) return attached.error;
      }
    }
    return pins && pinPrograms(object, unixPrograms, pins);
  } finally {
    closeSync(folder);
    object.close();
  }
}

function state(run: () => Problem): UnixState {
  let problem: Problem;
  try {
    problem = run();
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  return problem === undefined
    ? { works: true, reason: 'the kernel takes the programs' }
    : { works: false, reason: `the kernel does not tell of Unix sockets, as it does from 6.7 on (${problem})` };
}

/** After `installKernelPath`, whose pins it adds to. Nothing stays of what does not work. */
export function installUnix(pins: Pins, cgroup: string): UnixState {
  const found = state(() => enter(pins, cgroup));
  if (!found.works) {
    for (const name of [...unixPrograms.map(programPin), ...Object.keys(unixMaps)])
      rmSync(pins.path(name), { force: true });
  }
  return found;
}

/** What this kernel takes, by loading and attaching for a moment. */
export function tryUnix(): UnixState {
  const cgroup = unifiedMount();
  if (cgroup === undefined)
    return { works: false, reason: 'there is no cgroup v2 hierarchy, at which they would stand' };
  return state(() => enter(undefined, cgroup));
}
