// The files of a folder of rules as texts, and what names their state: for versions, plan and apply.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { maxRuleFileBytes } from '#policy/index.ts';
import { localFileName } from '../localfile.ts';

/** Texts by the names of their files. */
export type RuleTexts = Readonly<Record<string, string>>;

export function isRuleFileName(name: string): boolean {
  return /\.ya?ml$/.test(name) && !name.startsWith('.');
}

/** Throws what the file system says, or a sentence, where one of them cannot be read. */
export function readRuleTexts(folder: string): RuleTexts {
  const names = readdirSync(folder).filter(isRuleFileName).sort();
  return Object.fromEntries(names.map((name) => [name, readRuleText(join(folder, name))]));
}

/** Those of them that can be read. */
export function readableRuleTexts(folder: string): RuleTexts {
  if (!existsSync(folder)) return {};
  const names = readdirSync(folder).filter(isRuleFileName).sort();
  return Object.fromEntries(
    names.flatMap((name) => {
      try {
        return [[name, readRuleText(join(folder, name))]];
      } catch {
        return [];
      }
    }),
  );
}

/** Looks at the size before reading; a pipe or a device could keep its reader for ever. */
function readRuleText(path: string): string {
  const status = statSync(path);
  if (!status.isFile()) throw new Error(`${path} is no file`);
  if (status.size > maxRuleFileBytes) {
    throw new Error(`${path} has ${status.size} bytes, and a rule file may have ${maxRuleFileBytes}`);
  }
  return readFileSync(path, 'utf8');
}

/** What would stand after these took the place of those: what was made on this machine stays, where they bring no file of its name. */
export function withLocal(files: RuleTexts, present: RuleTexts): RuleTexts {
  const local = files[localFileName] ?? present[localFileName];
  return local === undefined ? files : { ...files, [localFileName]: local };
}

/** The same for the same files, whatever their times and owners. */
export function stateOf(texts: RuleTexts): string {
  return hashOf(JSON.stringify(Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : 1))));
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
