// A rule file: YAML text to rules with their places, or to what is wrong with it, with line and column.
import { type Document, isMap, isNode, LineCounter, type Node, type ParsedNode, parseDocument } from 'yaml';
import { type Origin, type RuleRecord, type RuleText, ruleFileSchema, type SourcePlace } from '#model/rule.ts';
import { completeAccounts } from '../accounts.ts';
import { lowerRule } from '../compile/lower.ts';
import { untilTime } from '../compile/until.ts';
import { newVocabulary } from '../compile/view.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { printable } from '../show/words.ts';
import { attemptFromConditions } from '../trial/attempt.ts';
import { type Path, schemaIssues } from './schemaissue.ts';

/** A larger file is refused before anything reads it. */
export const maxRuleFileBytes = 10 * 1024 * 1024;

/** Nodes that aliases may stand for; the limit against files that grow when they are read. */
const maxAliases = 100;

export interface ParsedRuleFile {
  readonly file: string;
  /** Empty when a diagnostic is an error: a file holds as a whole or not at all. */
  readonly records: readonly RuleRecord[];
  /** Names of rules that this file switches off. */
  readonly disabled: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/** `file` is only for the places in messages. An empty file has no rules and is right. */
export function parseRuleFile(text: string, file: string, origin: Origin = 'file'): ParsedRuleFile {
  const refused = refusal(text, file);
  if (refused !== undefined) return { file, records: [], disabled: [], diagnostics: [refused] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: false, logLevel: 'error' });
  const diagnostics: Diagnostic[] = [];
  const at = (offset: number, severity: Diagnostic['severity'], message: string) => {
    const { line, col } = lines.linePos(offset);
    diagnostics.push({ file, line: Math.max(line, 1), column: Math.max(col, 1), severity, message });
  };
  const done = (records: readonly RuleRecord[], disabled: readonly string[]): ParsedRuleFile => {
    const broken = diagnostics.some(({ severity }) => severity === 'error');
    diagnostics.sort((a, b) => a.line - b.line || a.column - b.column);
    return { file, records: broken ? [] : records, disabled: broken ? [] : disabled, diagnostics };
  };

  for (const { pos, message } of [...document.errors, ...document.warnings]) {
    at(pos[0], 'error', `not YAML: ${printable(message)}`);
  }
  if (document.errors.length > 0 || document.warnings.length > 0) return done([], []);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: maxAliases });
  } catch (error) {
    at(
      0,
      'error',
      `the aliases (*name) of the file stand for too much: ${error instanceof Error ? error.message : error}`,
    );
    return done([], []);
  }
  if (value === null || value === undefined) return done([], []);

  const parsed = ruleFileSchema.safeParse(value);
  if (!parsed.success) {
    for (const { path, message, atKey } of schemaIssues(parsed.error, value)) {
      at(offsetOf(document, path, atKey), 'error', inRule(value, path, message));
    }
    return done([], []);
  }
  const records: RuleRecord[] = [];
  const names = new Map<string, SourcePlace>();
  parsed.data.rules.forEach((rule, index) => {
    const base = ['rules', index];
    const { line, col } = lines.linePos(offsetOf(document, base, false));
    const source = { file, line, column: col };
    const nameOffset = offsetOf(document, [...base, 'name'], false);
    const other = names.get(rule.name);
    if (other !== undefined) {
      at(nameOffset, 'error', `a rule of the name "${rule.name}" stands in line ${other.line} already`);
    } else if (origin !== 'builtin' && rule.name.startsWith('builtin-')) {
      at(nameOffset, 'error', `"${rule.name}": names that begin with "builtin-" are for built-in rules`);
    }
    names.set(rule.name, source);
    const record: RuleRecord = {
      rule,
      origin,
      source,
      ...(rule.until !== undefined && { expires: untilTime(rule.until) }),
    };
    records.push(record);
    for (const { path, severity, message } of ruleIssues(record)) {
      at(offsetOf(document, [...base, ...path], false), severity, `rule "${rule.name}": ${message}`);
    }
  });
  return done(records, parsed.data.disabled ?? []);
}

function refusal(text: string, file: string): Diagnostic | undefined {
  const at = (line: number, column: number, message: string): Diagnostic => ({
    file,
    line,
    column,
    severity: 'error',
    message,
  });
  const tooLong =
    text.length > maxRuleFileBytes || (text.length * 3 > maxRuleFileBytes && bytes(text) > maxRuleFileBytes);
  if (tooLong) return at(1, 1, 'the file is larger than 10 MB; rules of this size belong into several files');
  const nul = text.indexOf('\0');
  if (nul < 0) return undefined;
  const before = text.slice(0, nul).split('\n');
  return at(before.length, (before.at(-1)?.length ?? 0) + 1, 'the file is binary (it has a NUL character), not YAML');
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** What the schema cannot see: patterns, prefixes, ports, and tests that cannot be tried. Names of users are looked at when the policy is compiled. */
function ruleIssues(record: RuleRecord): readonly { path: Path; severity: Diagnostic['severity']; message: string }[] {
  const accounts = completeAccounts({ users: {}, groups: {} }, [record]);
  const context = {
    accounts,
    vocabulary: newVocabulary(),
    aliases: {},
    disabled: new Set<string>(),
    places: undefined,
  };
  const issues = lowerRule(record, context).issues.filter(({ severity }) => severity === 'error');
  const tests = (record.rule.tests ?? []).flatMap((test, index) => {
    const attempt = attemptFromConditions(test, accounts);
    if (attempt.ok) return [];
    return [{ path: ['tests', index], severity: 'error' as const, message: `test ${index + 1}: ${attempt.error}` }];
  });
  return [...issues, ...tests];
}

function inRule(value: unknown, path: Path, message: string): string {
  const [top, index] = path;
  if (top !== 'rules' || typeof index !== 'number') return message;
  const rule = (value as { rules?: unknown[] }).rules?.[index] as Partial<RuleText> | null | undefined;
  return typeof rule?.name === 'string' ? `rule "${printable(rule.name.slice(0, 64))}": ${message}` : message;
}

/** Where the value at this path begins; of a missing one, where the nearest thing around it does. */
function offsetOf(document: Document.Parsed<ParsedNode>, path: Path, atKey: boolean): number {
  for (let length = path.length; length > 0; length--) {
    const parent: unknown = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1];
    if (isMap(parent) && (atKey || length < path.length)) {
      const pair = parent.items.find((item) => isNode(item.key) && String(item.key) === String(last));
      const offset = start(pair?.key as Node | undefined);
      if (offset !== undefined) return offset;
    }
    const offset = start(document.getIn(path.slice(0, length), true));
    if (offset !== undefined) return offset;
  }
  return start(document.contents) ?? 0;
}

function start(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
