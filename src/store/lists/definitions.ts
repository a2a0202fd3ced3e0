// The folder lists.d: one YAML file for each list, which people write too, so that comments stay.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { type ListDefinition, listDefinitionSchema } from '#model/net/list.ts';
import { escapeText } from '#std/text.ts';
import { writeAtomically } from '../atomicfile.ts';

const filePattern = /^([a-z0-9][a-z0-9._-]{0,63})\.yaml$/;
const maxBytes = 1024 * 1024;
const maxLists = 256;

export interface Definitions {
  readonly lists: ReadonlyMap<string, ListDefinition>;
  /** What is wrong with a file, as sentences; its list is not there. */
  readonly problems: readonly string[];
}

export class DefinitionsFolder {
  readonly folder: string;

  constructor(configDir: string) {
    this.folder = join(configDir, 'lists.d');
  }

  read(): Definitions {
    const lists = new Map<string, ListDefinition>();
    const problems: string[] = [];
    for (const file of this.#files()) {
      const name = filePattern.exec(file)?.[1];
      if (name === undefined) {
        problems.push(`${escapeText(file)}: a list's file is called NAME.yaml, with at most 64 of a-z 0-9 . _ -`);
        continue;
      }
      const path = join(this.folder, file);
      try {
        const text = readFileSync(path, 'utf8');
        const document = parseDocument(text.slice(0, maxBytes));
        const [error] = document.errors;
        if (error !== undefined) throw new Error(error.message.split('\n')[0]);
        const parsed = listDefinitionSchema.safeParse(document.toJS({ maxAliasCount: 10 }));
        if (parsed.success && lists.size < maxLists) lists.set(name, parsed.data);
        else if (parsed.success) problems.push(`${path}: more than ${maxLists} lists; this one is left out`);
        else problems.push(`${path}: ${parsed.error.issues[0]?.path.join('.')}: ${parsed.error.issues[0]?.message}`);
      } catch (error) {
        problems.push(`${path}: ${error instanceof Error ? error.message : error}`);
      }
    }
    return { lists, problems };
  }

  #files(): readonly string[] {
    try {
      return readdirSync(this.folder)
        .filter((file) => /\.ya?ml$/.test(file) && !file.startsWith('.'))
        .sort();
    } catch {
      return [];
    }
  }

  /** Sets what is given, takes away what is undefined, and leaves the rest of the file as it is. */
  write(name: string, definition: ListDefinition): void {
    const path = join(this.folder, `${name}.yaml`);
    let before = '';
    try {
      before = readFileSync(path, 'utf8');
    } catch {
      mkdirSync(this.folder, { recursive: true });
    }
    const document = parseDocument(before);
    for (const key of ['source', 'enabled', 'sha256', 'off'] as const) {
      const value = definition[key];
      if (value === undefined || (Array.isArray(value) && value.length === 0)) document.delete(key);
      else document.set(key, value);
    }
    writeAtomically(path, String(document));
  }

  remove(name: string): void {
    rmSync(join(this.folder, `${name}.yaml`), { force: true });
  }
}
