// Writes what an import or an export made: all of it, and never over a file that is there.
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeAtomically } from '#store/atomicfile.ts';
import { Ending, exits } from '../context.ts';

export interface Written {
  readonly path: string;
  readonly text: string;
}

/** With `force` over files that are there. */
export function writeFiles(files: readonly Written[], force: boolean): void {
  const there = files.find(({ path }) => !force && existsSync(path));
  if (there !== undefined) {
    throw new Ending(exits.no, `${there.path} is there already, and nothing was written`, '--force writes over it');
  }
  try {
    for (const { path, text } of files) {
      mkdirSync(dirname(path), { recursive: true });
      writeAtomically(path, text);
    }
  } catch (error) {
    throw new Ending(exits.no, error instanceof Error ? error.message : String(error));
  }
}
