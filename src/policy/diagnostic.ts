// Diagnostic: something wrong in a rule, and where it stands.
import type { RuleRecord } from '#model/rule.ts';

/** `line` and `column` begin at 1. An `error` means: do not use these rules; a `warning` means: used, but look at it. */
export interface Diagnostic {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

/** One line for people and editors: `file:line:column: error: message`. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, severity, message } = diagnostic;
  return `${file}:${line}:${column}: ${severity}: ${message}`;
}

/** A diagnostic about a whole rule, at the place where the rule was read. */
export function ruleDiagnostic(record: RuleRecord, severity: Diagnostic['severity'], message: string): Diagnostic {
  const place = record.source ?? { file: `(${record.origin} rules)`, line: 1, column: 1 };
  return { ...place, severity, message: `rule "${record.rule.name}": ${message}` };
}
