// Which of the two objects this kernel takes: found by loading them, never by its configuration.
import { join } from 'node:path';
import type { KernelPath } from '#model/status.ts';
import { type Libbpf, libbpf } from './libbpf.ts';
import { BpfObject } from './object.ts';

/** Where script/setup builds them, and where a package has them. */
export const objectsFolder = join(import.meta.dirname, '../../../build/bpf');

const maxTries = 5;
export const variants = ['btf', 'probe'] as const;
export type Variant = (typeof variants)[number];

export function objectFile(variant: Variant): string {
  return join(objectsFolder, `postern.${variant}.bpf.o`);
}

export interface LoadedTier {
  readonly path: KernelPath & { readonly tier: Variant };
  readonly lib: Libbpf;
  readonly object: BpfObject;
}

export type ChosenTier = LoadedTier | { readonly path: KernelPath & { readonly tier: 'none' } };

/**
 * Loads the first object that the kernel takes. `prepare` sets what must be set before loading; `use` attaches what shall be,
 * and what it cannot attach counts like what does not load.
 */
export function chooseTier(plan: {
  readonly prepare?: (object: BpfObject) => void;
  readonly use?: (object: BpfObject, lib: Libbpf) => string | undefined;
  /** Of these, the first that loads; a test asks for one. */
  readonly variants?: readonly Variant[];
}): ChosenTier {
  const lib = libbpf();
  if ('missing' in lib) return none(lib.missing);
  const refusals: string[] = [];
  for (const tier of plan.variants ?? variants) {
    const file = objectFile(tier);
    let tries = 0;
    for (;;) {
      const opened = BpfObject.open(lib, file);
      if (!opened.ok) return none(opened.error);
      const object = opened.value;
      plan.prepare?.(object);
      const loaded = object.load();
      const refused = loaded.ok ? plan.use?.(object, lib) : loaded.error;
      if (refused === undefined) return { path: { tier, reason: reasonOf(refusals) }, lib, object };
      object.close();
      tries += 1;
      // The verifier gives up when a signal comes: that says nothing of the programs.
      if (!loaded.ok && refused.startsWith('EAGAIN') && tries < maxTries) continue;
      refusals.push(`${tier}: ${refused}`);
      break;
    }
  }
  return none(refusals.join('; '));
}

const reasonOf = (refusals: readonly string[]) =>
  refusals.length === 0 ? 'the kernel takes the programs as they are' : refusals.join('; ');

function none(reason: string): ChosenTier {
  return { path: { tier: 'none', reason } };
}
