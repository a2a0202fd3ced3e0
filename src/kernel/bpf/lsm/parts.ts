// The programs at the hooks of the kernel's security modules, in three parts that a kernel can take or refuse each for itself.
import { join } from 'node:path';
import { objectsFolder } from '../tier.ts';

export const lsmParts = ['frames', 'forgery', 'hashes'] as const;
export type LsmPart = (typeof lsmParts)[number];

/** Whether the kernel has this part, and in words what it said: a clause. */
export interface LsmState {
  readonly works: boolean;
  readonly reason: string;
}
export type LsmStates = Readonly<Record<LsmPart, LsmState>>;

/** `frames` has a program that can refuse and one that cannot: which of them stands is the mode's. The others only watch. */
export const lsmPrograms = {
  frames: { enforce: 'make_frames', observe: 'note_frames' },
  forgery: 'forging',
  select: 'select_program',
  hash: 'hash_program',
} as const;

export const allLsmPrograms: readonly string[] = [
  'make_frames',
  'note_frames',
  'forging',
  'select_program',
  'hash_program',
];

/** Its programs that can refuse nothing: these are tried and, but for that of `frames`, stand as long as Postern runs. */
export const harmlessOf: Readonly<Record<LsmPart, readonly string[]>> = {
  frames: [lsmPrograms.frames.observe],
  forgery: [lsmPrograms.forgery],
  hashes: [lsmPrograms.select, lsmPrograms.hash],
};
/** And those that are pinned, for the gate to put them at their hook. */
export const pinnedOf: Readonly<Record<LsmPart, readonly string[]>> = {
  frames: [lsmPrograms.frames.observe, lsmPrograms.frames.enforce],
  forgery: [],
  hashes: [],
};

export const lsmObject: string = join(objectsFolder, 'postern.lsm.bpf.o');
