// Several rule files as one set of rules: no name twice, and nothing switched off that does not exist.
import type { RuleRecord } from '#model/rule.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { ParsedRuleFile } from './rulefile.ts';
import { didYouMean } from './suggestion.ts';

export interface MergedRules {
  readonly records: readonly RuleRecord[];
  readonly disabled: ReadonlySet<string>;
  /** Those of the files, and those that only show when all are seen together. */
  readonly diagnostics: readonly Diagnostic[];
}

/** `others`: rules that come from no file (built-in, temporary); they are part of the result. The order of files makes no difference to the policy. */
export function mergeRuleFiles(files: readonly ParsedRuleFile[], others: readonly RuleRecord[] = []): MergedRules {
  const diagnostics: Diagnostic[] = files.flatMap((file) => file.diagnostics);
  const records = [...others, ...files.flatMap((file) => file.records)];
  const names = new Map<string, RuleRecord>();
  for (const record of records) {
    const { rule, source } = record;
    const other = names.get(rule.name);
    if (other === undefined) {
      names.set(rule.name, record);
      continue;
    }
    const where =
      other.source === undefined ? `among the ${other.origin} rules` : `in ${other.source.file}:${other.source.line}`;
    const place = source ?? { file: `(${record.origin} rules)`, line: 1, column: 1 };
    diagnostics.push({
      ...place,
      severity: 'error',
      message: `a rule of the name "${rule.name}" stands ${where} already`,
    });
  }
  const disabled = new Set<string>();
  for (const file of files) {
    for (const name of file.disabled) {
      disabled.add(name);
      if (names.has(name)) continue;
      const message = `"disabled" names the rule "${name}", and there is none${didYouMean(name, [...names.keys()].slice(0, 2000))}`;
      diagnostics.push({ file: file.file, line: 1, column: 1, severity: 'warning', message });
    }
  }
  return { records, disabled, diagnostics };
}
