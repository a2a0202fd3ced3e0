// App conditions in numbers: their tests, how specific they are, and what is wrong with them.
import type { AppCondition, RuleRecord } from '#model/rule.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { several } from '../accounts.ts';
import { compilePattern, type Pattern } from '../match/pattern.ts';
import type { Criterion } from './criterion.ts';
import { type AppKind, appRank } from './specificity.ts';
import { type TextField, textFields, type Vocabulary } from './view.ts';

/** One of the things a line of a rule may be, with its place in the specificity table and the conditions it counts beyond the first. */
export interface Alternative {
  readonly tests: readonly Criterion[];
  readonly rank: number;
  readonly extra: number;
}

/** Paths in rules, by the path that the host's file really has (its symbolic links resolved). */
export type Aliases = Readonly<Record<string, string>>;

const kinds = {
  sha256: 'hash',
  script: 'script',
  path: 'path',
  flatpak: 'sandbox',
  snap: 'sandbox',
  appimage: 'sandbox',
  container: 'sandbox',
  unit: 'sandbox',
  package: 'package',
} as const satisfies Record<string, AppKind>;

export const pathKeys: readonly string[] = ['path', 'script', 'appimage'];

/** A pattern of paths: an exact one must be absolute, and stands for the file behind its symbolic links as well. */
export function pathPatterns(text: string, aliases: Aliases): Result<readonly Pattern[]> {
  const pattern = compilePattern(text, 'path');
  if (!pattern.ok) return pattern;
  if (pattern.value.type !== 'regex' && !/^[/*?[{]/.test(text)) {
    return fail(`"${text}" is not an absolute path; write /usr/bin/${text}, "**/${text}" or { package: ${text} }`);
  }
  const target = Object.hasOwn(aliases, text) ? aliases[text] : undefined;
  if (pattern.value.type !== 'exact' || target === undefined || target === text) return ok([pattern.value]);
  return ok([pattern.value, { type: 'exact', text: target, value: target }]);
}

export function compileApp(app: AppCondition, vocabulary: Vocabulary, aliases: Aliases): Result<Alternative> {
  const conditions = typeof app === 'string' ? { path: app } : app;
  const tests: Criterion[] = [];
  let rank = 0;
  for (const key of Object.keys(kinds) as (keyof typeof kinds)[]) {
    const text = conditions[key];
    if (text === undefined) continue;
    const patterns = keyPatterns(key, text, aliases);
    if (!patterns.ok) return fail(`${key}: ${patterns.error}`);
    const exact = patterns.value.every((pattern) => pattern.type === 'exact');
    const kind: AppKind = key === 'path' && !exact ? 'glob' : kinds[key];
    rank = Math.max(rank, appRank(kind, exact));
    tests.push(textTest(key === 'path' ? 'exe' : key, patterns.value, vocabulary));
  }
  if (conditions.kernel === true) {
    rank = Math.max(rank, appRank('sandbox', true));
    tests.push({ kind: 'kernel' });
  }
  const { pid, startTime } = conditions;
  if (pid !== undefined || startTime !== undefined) {
    if (pid === undefined || startTime === undefined) {
      return fail('a pid alone is never an identity; write both pid and startTime (field 22 of /proc/PID/stat)');
    }
    rank = appRank('process', true);
    tests.push({ kind: 'process', pid, startTime });
  }
  return ok({ tests, rank, extra: tests.length - 1 });
}

function keyPatterns(key: keyof typeof kinds, text: string, aliases: Aliases): Result<readonly Pattern[]> {
  if (key === 'sha256') {
    const value = text.toLowerCase();
    return ok([{ type: 'exact', text: value, value }]);
  }
  if (pathKeys.includes(key)) return pathPatterns(text, aliases);
  const pattern = compilePattern(text, 'plain');
  return pattern.ok ? ok([pattern.value]) : pattern;
}

export function textTest(field: TextField, patterns: readonly Pattern[], vocabulary: Vocabulary): Criterion {
  const index = textFields.indexOf(field);
  const set = vocabulary.texts[index]?.number(patterns) ?? -1;
  return { kind: 'text', field: index, set, patterns };
}

/**
 * The exact paths that the rules name: the caller resolves their symbolic links and gives those that lead elsewhere as
 * `aliases`, because a path means the file that the host has there.
 */
export function pathsToResolve(records: readonly RuleRecord[]): string[] {
  const paths = new Set<string>();
  for (const { rule } of records) {
    const apps = several<AppCondition>(rule.app).flatMap((app) =>
      typeof app === 'string' ? [app] : [app.path, app.script, app.appimage],
    );
    for (const text of [...apps, ...several(rule.ancestor)]) {
      if (text === undefined) continue;
      const pattern = compilePattern(text, 'path');
      if (pattern.ok && pattern.value.type === 'exact' && text.startsWith('/')) paths.add(text);
    }
  }
  return [...paths];
}
