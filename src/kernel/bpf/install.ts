// Puts the programs into the kernel and pins them, so that they outlive a gate, and a whole Postern that was killed. The
// next one takes the maps up and puts its own programs in the place of the old, without a moment between.
import { closeSync, readSync, statSync } from 'node:fs';
import type { KernelPath } from '#model/status.ts';
import { inProcess } from '../proc/process/folder.ts';
import { readBirth } from '../proc/process/read.ts';
import { chainPrograms, guestProgram, hookPrograms, listenProgram, passedPrograms, programPin } from './flows/hooks.ts';
import { flowMaps } from './flows/maps.ts';
import { decodeProcess } from './identity/decode.ts';
import { layouts } from './layout.ts';
import type { BpfObject, Link } from './object.ts';
import type { Pins } from './pins.ts';
import { chooseTier, type Variant } from './tier.ts';

/** Maps that the gate opens by their pins. */
export const pinnedMaps = ['config', 'procs', 'events', 'counts', 'hashes', ...Object.keys(flowMaps)];
/** And programs that it puts at hooks and into chains. */
const pinnedPrograms = [
  ...hookPrograms,
  ...[passedPrograms, ...Object.values(chainPrograms)].flatMap((chain) => Object.values(chain)),
  guestProgram,
  listenProgram,
];
/** Large maps, of which an object that is only tried has no use. */
const largeMaps = ['procs', 'flows', 'hits', 'sockets', 'ports', 'talks', 'asked', 'guests'];
const watchers = ['on_exec', 'on_fork', 'on_exit'] as const;

/** What went wrong, as a clause. */
export type Problem = string | undefined;

/** Runs an iterator that gives no text. */
function runIterator(object: BpfObject, link: Link): Problem {
  const opened = object.openIterator(link);
  if (!opened.ok) return `the processes cannot be gone through: ${opened.error}`;
  const nothing = Buffer.alloc(4096);
  while (readSync(opened.value, nothing) > 0);
  closeSync(opened.value);
  return undefined;
}

function writeConfig(object: BpfObject): Problem {
  const settings = object.map('config', 4, layouts.config.size);
  const [key, value] = [Buffer.alloc(4), Buffer.alloc(layouts.config.size)];
  settings.lookup(key, value);
  value.writeUInt32LE(statSync('/proc/self/ns/mnt').ino, layouts.config.own_mount_ns);
  const written = settings.update(key, value);
  return written.ok ? undefined : `the settings cannot be written: ${written.error}`;
}

/** Processes are watched before those that run are counted, so that none is missed between. */
function watch(object: BpfObject, pin: (name: string) => string | undefined): Problem {
  const problem = writeConfig(object);
  if (problem !== undefined) return problem;
  for (const name of watchers) {
    const attached = object.attach(name, pin(name));
    if (!attached.ok) return attached.error;
  }
  const files = object.attachIterator('own_files', pin('own_files'));
  if (!files.ok) return files.error;
  const seed = object.attachIterator('seed');
  return seed.ok ? (runIterator(object, seed.value) ?? strangePids(object)) : seed.error;
}

/** The kernel tells pids as its first pid namespace has them: in another one they name other processes in /proc, or none. */
function strangePids(object: BpfObject): Problem {
  const key = Buffer.alloc(4);
  key.writeUInt32LE(process.pid);
  const value = Buffer.alloc(layouts.process.size);
  const found = object.map('procs', 4, layouts.process.size).lookup(key, value);
  const start = found ? decodeProcess(new DataView(value.buffer, value.byteOffset), 0).startTime : undefined;
  if (start === inProcess(process.pid, readBirth)?.startTime) return undefined;
  return 'this is a pid namespace of its own, in which the pids that the kernel tells mean nothing';
}

/** Before `load`, of an object beside the first: its maps are the pinned ones, and some of its own. Without pins it is only tried. */
export function placeMaps(object: BpfObject, pins: Pins | undefined, own: readonly string[]): void {
  if (pins === undefined) for (const name of largeMaps) object.setMaxEntries(name, 1);
  else for (const name of [...pinnedMaps, ...own]) object.pinMap(name, pins.path(name));
}

export function pinPrograms(object: BpfObject, names: readonly string[], pins: Pins): Problem {
  for (const name of names) {
    const pinned = object.pinProgram(name, pins.path(programPin(name)));
    if (!pinned.ok) return pinned.error;
  }
  return undefined;
}

/** Loads, attaches and pins; what stands there of an earlier Postern is taken up where it fits, and else taken away. */
export function installKernelPath(pins: Pins, variants?: readonly Variant[]): KernelPath {
  try {
    return install(pins, variants);
  } catch (error) {
    return { tier: 'none', reason: error instanceof Error ? error.message : String(error) };
  }
}

function install(pins: Pins, variants: readonly Variant[] | undefined): KernelPath {
  const prepared = pins.prepare();
  if (!prepared.ok) return { tier: 'none', reason: prepared.error };
  const whole = pins.has([...pinnedMaps, ...watchers, 'own_files']);
  if (!whole) pins.clear();
  const load = () =>
    chooseTier({
      prepare: (object) => {
        for (const name of pinnedMaps) object.pinMap(name, pins.path(name));
      },
      use: (object) => watch(object, (name) => pins.path(name)),
      ...(variants !== undefined && { variants }),
    });
  let chosen = load();
  if (chosen.path.tier === 'none' && whole) {
    pins.clear();
    chosen = load();
  }
  if (!('object' in chosen)) {
    pins.remove();
    return chosen.path;
  }
  const problem = pinPrograms(chosen.object, pinnedPrograms, pins);
  chosen.object.close();
  if (problem !== undefined) {
    pins.remove();
    return { tier: 'none', reason: problem };
  }
  pins.clearOthers();
  return chosen.path;
}

/** Which tier this kernel gives, by loading and attaching for a moment. The programs only watch. */
export function tryKernelPath(): KernelPath {
  const chosen = chooseTier({ use: (object) => watch(object, () => undefined) });
  if ('object' in chosen) chosen.object.close();
  return chosen.path;
}
