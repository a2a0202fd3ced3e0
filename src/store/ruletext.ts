// One rule in the text of its file: shown as it stands there, comments and all, and exchanged without touching another line.
import { isMap, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';
import type { RuleText } from '#model/rule.ts';
import { parseRuleFile } from '#policy/index.ts';
import { fail, ok, type Result } from '#std/result.ts';

/** Where a rule stands: characters from `start` to `end`, of which the dash and what is before it are not shown. */
interface Place {
  readonly document: ReturnType<typeof parseDocument>;
  readonly item: YAMLMap;
  /** Of the comments right before it, or else of its dash; -1 where it stands in a list in brackets. */
  readonly start: number;
  readonly dash: number;
  readonly first: number;
  readonly end: number;
  readonly line: number;
}

const lineStart = (text: string, at: number) => text.lastIndexOf('\n', at - 1) + 1;

function placeOf(source: string, name: string): Place | undefined {
  const document = parseDocument(source, { logLevel: 'silent' });
  const rules: unknown = document.get('rules');
  if (!isSeq(rules)) return undefined;
  const item = (rules as YAMLSeq).items.find((one) => isMap(one) && one.get('name') === name);
  if (!isMap(item) || item.range == null) return undefined;
  const [first, , end] = item.range;
  const line = source.slice(0, first).split('\n').length;
  const before = source.slice(lineStart(source, first), first);
  if (rules.flow === true || !/^ *- *$/.test(before)) {
    return { document, item, start: -1, dash: -1, first, end: item.range[1], line };
  }
  const indent = before.indexOf('-');
  let start = lineStart(source, first);
  for (let above = start; above > 0; ) {
    above = lineStart(source, above - 1);
    const text = source.slice(above, start).replace(/\r?\n$/, '');
    if (!text.startsWith(`${' '.repeat(indent)}#`)) break;
    start = above;
  }
  return {
    document,
    item,
    start,
    dash: lineStart(source, first) + indent,
    first,
    end: endOf(source, item, end, indent),
    line,
  };
}

/** Comments behind the rule are its own only where they stand as deep as its keys. */
function endOf(source: string, item: YAMLMap, end: number, indent: number): number {
  const own = item.range?.[1] ?? end;
  const valueEnd = source.indexOf('\n', Math.max(0, own - 1));
  let kept = valueEnd < 0 ? source.length : valueEnd + 1;
  for (let at = kept; at < end; ) {
    const next = source.indexOf('\n', at);
    const stop = next < 0 ? source.length : next + 1;
    const deep = source.slice(at, stop).search(/\S/);
    if (deep >= 0 && deep <= indent) break;
    if (deep > indent) kept = stop;
    at = stop;
  }
  return kept;
}

/** The rule's YAML by itself, with the comments before and inside it; undefined where there is no such rule. */
export function ruleTextIn(source: string, name: string): { readonly text: string; readonly line: number } | undefined {
  const place = placeOf(source, name);
  if (place === undefined) return undefined;
  const { start, dash, first, end, line } = place;
  if (start < 0) return { text: `${source.slice(first, end)}\n`, line };
  const indent = dash - lineStart(source, dash);
  const column = first - lineStart(source, first);
  const comments = source
    .slice(start, lineStart(source, first))
    .split('\n')
    .map((text) => text.slice(indent));
  const [head = '', ...rest] = source.slice(first, end).replace(/\s+$/, '').split('\n');
  const body = [head, ...rest.map((text) => text.slice(Math.min(column, Math.max(0, text.search(/\S|$/)))))];
  return { text: `${[...comments.filter((text) => text !== ''), ...body].join('\n')}\n`, line };
}

export interface ReadRule {
  readonly rule: RuleText | undefined;
  /** Line and column in the text. */
  readonly problems: readonly {
    readonly line: number;
    readonly column: number;
    readonly severity: 'error' | 'warning';
    readonly message: string;
  }[];
}

const wrapIndent = 4;

/** Reads the YAML of one rule, as if it stood in a file. */
export function readRuleText(text: string): ReadRule {
  const body = text.split('\n').map((line) => (line.trim() === '' ? '' : `${' '.repeat(wrapIndent)}${line}`));
  const { records, diagnostics } = parseRuleFile(`rules:\n  -\n${body.join('\n')}\n`, 'rule', 'local');
  const lines = text.split('\n').length;
  const problems = diagnostics.map(({ line, column, severity, message }) => ({
    line: Math.min(Math.max(line - 2, 1), lines),
    column: Math.max(column - wrapIndent, 1),
    severity,
    message,
  }));
  if (records.length === 1) return { rule: records[0]?.rule, problems };
  const nothing = { line: 1, column: 1, severity: 'error' as const, message: 'there is no rule in this text' };
  return { rule: undefined, problems: problems.length > 0 ? problems : [nothing] };
}

/** The file with this text in the place of the rule; the text must be right. What stands around it stays as it is. */
export function withRuleText(source: string, name: string, text: string): Result<string> {
  const place = placeOf(source, name);
  const { rule } = readRuleText(text);
  if (place === undefined || rule === undefined) return fail(`the rule "${name}" does not stand there`);
  const spliced = place.start < 0 ? undefined : splice(source, place, text);
  // Only what leaves every other rule as it was is written so.
  if (spliced !== undefined && holdsOnly(source, spliced, name, rule)) return ok(spliced);
  const { document, item } = place;
  const rules = document.get('rules') as YAMLSeq;
  rules.flow = false;
  rules.items[rules.items.indexOf(item)] = parseDocument(text).contents as YAMLMap;
  const made = document.toString({ lineWidth: 120 });
  return holdsOnly(source, made, name, rule)
    ? ok(made)
    : fail('the rest of the file would change with it, as where a rule is written with anchors; edit the file itself');
}

function splice(source: string, { start, dash, end }: Place, text: string): string {
  const indent = ' '.repeat(dash - lineStart(source, dash));
  const lines = text.replace(/\s+$/, '').split('\n');
  const first = lines.findIndex((line) => line.trim() !== '' && !line.startsWith('#'));
  const comments = lines.slice(0, first).filter((line) => line.trim() !== '');
  const [head = '', ...rest] = lines.slice(first);
  const deep = head.search(/\S/);
  const body = rest.map((line) =>
    line.trim() === '' ? '' : `${indent}  ${line.slice(Math.min(deep, line.search(/\S/)))}`,
  );
  const made = [...comments.map((line) => `${indent}${line}`), `${indent}- ${head.trimStart()}`, ...body].join('\n');
  return `${source.slice(0, start)}${made}\n${source.slice(end)}`;
}

/** Whether the second text has the same rules as the first, but for this one. */
function holdsOnly(before: string, after: string, name: string, rule: RuleText): boolean {
  const [old, young] = [before, after].map((text) => parseRuleFile(text, 'file', 'local'));
  if (young === undefined || young.diagnostics.some(({ severity }) => severity === 'error')) return false;
  const wanted = old?.records.map((record) => (record.rule.name === name ? rule : record.rule));
  return (
    JSON.stringify(wanted) === JSON.stringify(young.records.map((record) => record.rule)) &&
    JSON.stringify(old?.disabled) === JSON.stringify(young.disabled)
  );
}
