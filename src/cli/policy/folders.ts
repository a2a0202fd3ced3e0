// Two sets of rule files that are compared: those that hold, and those of a folder.
import type { Mode } from '#model/mode.ts';
import type { PolicyDifference, PolicyFiles } from '#model/shown/policyfiles.ts';
import { changedRules, type MergedRules } from '#policy/index.ts';
import { differingFiles } from '#std/difference.ts';
import { type RuleTexts, readRuleTexts, withLocal } from '#store/versions/ruletexts.ts';
import { ask, Ending, exits } from '../context.ts';
import { ruleFolder, rulesOfTexts } from '../rulesdir.ts';

export interface Side {
  readonly folder: string;
  readonly texts: RuleTexts;
  readonly rules: MergedRules;
}

export interface Present extends Side {
  /** Of the running Postern; null where a folder stands for it. */
  readonly running: { readonly mode: Mode; readonly journal: string } | null;
}

function side(folder: string, texts: RuleTexts): Side {
  return { folder, texts, rules: rulesOfTexts(folder, texts) };
}

export function readSide(path: string): Side {
  try {
    const folder = ruleFolder(path);
    return side(folder, readRuleTexts(folder));
  } catch (error) {
    const why = error instanceof Error && 'code' in error && error.code === 'ENOTDIR' ? 'it is no folder' : undefined;
    const message = why ?? (error instanceof Error ? error.message : String(error));
    throw new Ending(exits.no, `the rules in ${path} cannot be read: ${message}`);
  }
}

/** What holds: of the running Postern, or of the folder that stands for it. */
export async function readPresent(flags: {
  readonly against?: string | undefined;
  readonly runtimeDir?: string | undefined;
}): Promise<Present> {
  if (flags.against !== undefined) return { ...readSide(flags.against), running: null };
  const { files, folder, mode, journal } = await ask<PolicyFiles>(flags, 'GET', '/policy');
  return { ...side(folder, files), running: { mode, journal } };
}

/** As it would be in the place of what is there: rules that were made on the machine stay. */
export function inPlaceOf(present: Side, wanted: Side): Side {
  return side(wanted.folder, withLocal(wanted.texts, present.texts));
}

export function differenceBetween(before: Side, after: Side): PolicyDifference {
  const names = [...new Set([...Object.keys(before.texts), ...Object.keys(after.texts)])].sort();
  const files = names.flatMap((file) => {
    const [was, is] = [before.texts[file], after.texts[file]];
    if (was === is) return [];
    // An end of line at the end, or an empty file, is no line, and a difference all the same.
    const [found] = differingFiles([{ file, before: was ?? '', after: is ?? '' }]);
    return [found ?? { file, added: 0, removed: 0, hunks: [] }];
  });
  return { files, rules: changedRules(before.rules, after.rules) };
}
