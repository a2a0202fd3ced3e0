// The sources as the architecture tests see them: text files of src/, by their path from the root of the checkout.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

export interface Source {
  /** From the root of the checkout, such as `src/model/flow.ts`. */
  readonly path: string;
  readonly text: string;
}

export const isTest = (path: string): boolean => /\.(test|testing)\.ts$/.test(path);

/** All files below `folder`, by their path from the root of the checkout. */
export function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

export function readSource(path: string): Source {
  return { path, text: readFileSync(join(root, path), 'utf8') };
}

/** The TypeScript files of src/ that are no tests. */
export function productSources(): Source[] {
  return filesBelow('src')
    .filter((path) => path.endsWith('.ts') && !isTest(path))
    .map(readSource);
}

/** The sources of the pages that are no tests, styles among them. */
export function pageSources(): Source[] {
  return filesBelow('web/src')
    .filter((path) => /\.(tsx?|css)$/.test(path) && !isTest(path))
    .map(readSource);
}

/** Without comments and what stands in quotes, so that words in sentences are not taken for code; lines stay in place. */
export function codeOf(text: string): string {
  return text.replace(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g,
    (found) => (found.startsWith('/') ? '' : (found[0]?.repeat(2) ?? '')) + '\n'.repeat(found.split('\n').length - 1),
  );
}
