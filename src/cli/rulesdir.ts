// A folder of rule files read without a daemon: for check, test and explain.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Accounts } from '#model/messages.ts';
import {
  builtinRules,
  type CompileContext,
  compilePolicy,
  completeAccounts,
  type Diagnostic,
  formatDiagnostic,
  type MergedRules,
  maxRuleFileBytes,
  mergeRuleFiles,
  type Policy,
  parseRuleFile,
  pathsToResolve,
} from '#policy/index.ts';
import { isRuleFileName, type RuleTexts } from '#store/versions/ruletexts.ts';
import { Ending, exits } from './context.ts';

function entries(name: 'passwd' | 'group'): Record<string, number> {
  let text: string;
  try {
    text = execFileSync('getent', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 10_000 });
  } catch {
    text = readFileSync(`/etc/${name}`, 'utf8');
  }
  const fields = text.split('\n').map((line) => line.split(':'));
  return Object.fromEntries(
    fields.filter(([, , id]) => /^\d+$/.test(id ?? '')).map(([key, , id]) => [key, Number(id)]),
  );
}

/** The users and groups of this machine. */
export function readLocalAccounts(): Accounts {
  return { users: entries('passwd'), groups: entries('group') };
}

/** Where the symbolic links of exact paths in rules lead. */
export function readAliases(records: MergedRules['records']): Record<string, string> {
  const aliases: [string, string][] = [];
  for (const path of pathsToResolve(records)) {
    try {
      const real = realpathSync(path);
      if (real !== path) aliases.push([path, real]);
    } catch {
      // Nothing there: the path stands for itself.
    }
  }
  return Object.fromEntries(aliases);
}

function read(path: string) {
  const status = statSync(path);
  if (!status.isFile() || status.size > maxRuleFileBytes) {
    const message = status.isFile()
      ? `it has ${status.size} bytes, and a rule file may have ${maxRuleFileBytes}`
      : 'it cannot be read: it is no file';
    const diagnostic: Diagnostic = { file: path, line: 1, column: 1, severity: 'error', message };
    return { file: path, records: [], disabled: [], diagnostics: [diagnostic] };
  }
  return parseRuleFile(readFileSync(path, 'utf8'), path);
}

/** Where the files of a folder of rules stand: in its rules.d where it has one. Throws what the file system says. */
export function ruleFolder(path: string): string {
  return readdirSync(path).includes('rules.d') ? join(path, 'rules.d') : path;
}

/** The rules of files, by their paths, with the built-in ones. */
export function rulesOfTexts(folder: string, texts: RuleTexts): MergedRules {
  const files = Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : 1));
  return mergeRuleFiles(
    files.map(([name, text]) => parseRuleFile(text, join(folder, name))),
    builtinRules({ resolvers: [] }),
  );
}

/** The rules of a folder (its rules.d where it has one), or of one file, with the built-in ones. */
export function readRules(path: string): MergedRules {
  try {
    if (statSync(path).isFile()) return mergeRuleFiles([read(path)], builtinRules({ resolvers: [] }));
    const folder = ruleFolder(path);
    return mergeRuleFiles(
      readdirSync(folder)
        .filter(isRuleFileName)
        .sort()
        .map((name) => read(join(folder, name))),
      builtinRules({ resolvers: [] }),
    );
  } catch (error) {
    throw new Ending(
      exits.no,
      `the rules in ${path} cannot be read: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** The rules of a folder as a policy, with what it was made of; ends the command where a rule is wrong. */
export function compileFolder(
  path: string,
  context: Pick<CompileContext, 'mode' | 'where' | 'places' | 'disabled'>,
  resolves = false,
): { readonly policy: Policy; readonly records: MergedRules['records']; readonly accounts: Accounts } {
  const rules = readRules(path);
  const { problems, ...compiled } = compileRules(rules, context, resolves);
  const wrong = problems.find(({ severity }) => severity === 'error');
  if (wrong !== undefined) throw new Ending(exits.no, formatDiagnostic(wrong));
  return { ...compiled, records: rules.records };
}

/** The same of rules that were read, with all that is wrong. */
export function compileRules(
  { records, disabled, diagnostics }: MergedRules,
  context: Pick<CompileContext, 'mode' | 'where' | 'places' | 'disabled' | 'now'>,
  resolves = false,
): { readonly policy: Policy; readonly accounts: Accounts; readonly problems: readonly Diagnostic[] } {
  const accounts = completeAccounts(readLocalAccounts(), records);
  const aliases = resolves ? { aliases: readAliases(records) } : {};
  const off = new Set([...disabled, ...(context.disabled ?? [])]);
  const { policy, problems } = compilePolicy(records, { ...context, ...aliases, revision: 0, accounts, disabled: off });
  return { policy, accounts, problems: [...diagnostics, ...problems] };
}
