// What a zod schema says is wrong with a rule file, as sentences, each with the path to the value it is about.
import type { z } from 'zod';
import { actions, conditionsSchema, ruleFileSchema, ruleSchema, ruleTestSchema } from '#model/rule.ts';
import { printable } from '../show/words.ts';
import { didYouMean } from './suggestion.ts';

export type Path = readonly (string | number)[];

export interface SchemaIssue {
  readonly path: Path;
  readonly message: string;
  /** The issue is about the key that ends the path, not about its value. */
  readonly atKey: boolean;
}

const appKeys = [
  'path',
  'script',
  'package',
  'sha256',
  'unit',
  'flatpak',
  'snap',
  'appimage',
  'container',
  'kernel',
  'pid',
  'startTime',
];

/** `value` is what was validated, for messages that say what there is. */
export function schemaIssues(error: z.ZodError, value: unknown): SchemaIssue[] {
  const issues = error.issues.flatMap((issue) => fromIssue(issue, [], value));
  // A mapping whose only key is unknown also "needs a condition": say the first alone.
  const unknown = issues.filter(({ atKey }) => atKey).map(({ path }) => path.slice(0, -1).join());
  return issues.filter(({ path, atKey }) => atKey || !unknown.includes(path.join()));
}

function fromIssue(issue: z.core.$ZodIssue, base: Path, root: unknown): SchemaIssue[] {
  const path = [...base, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, path), atKey: true }));
  }
  if (issue.code === 'invalid_union') {
    // Each branch says why it does not fit; the one that came furthest is the one that was meant.
    const branches = issue.errors.filter((branch) => branch.length > 0);
    const fitting = branches.filter((branch) => !branch.some((inner) => isTypeMismatch(inner)));
    const meant = fitting.sort((a, b) => depth(b) - depth(a))[0];
    if (meant !== undefined) return meant.flatMap((inner) => fromIssue(inner, path, root));
    return [{ path, message: wrongType(path, valueAt(root, path), branches), atKey: false }];
  }
  if (issue.code === 'invalid_type') {
    return [{ path, message: wrongType(path, valueAt(root, path), [[{ ...issue, path: [] }]]), atKey: false }];
  }
  const name = label(path);
  if (issue.code === 'invalid_value') {
    const known = issue.values.map(String);
    const given = valueAt(root, path);
    if (given === undefined || given === null) {
      return [{ path, message: wrongType(path, given, [[{ ...issue, path: [] }]]), atKey: false }];
    }
    const near = typeof given === 'string' ? didYouMean(given, known) : '';
    return [{ path, message: `${name} must be one of ${known.join(', ')}, not ${shown(given)}${near}`, atKey: false }];
  }
  if (issue.code === 'too_small') {
    const given = valueAt(root, path);
    const empty = given === '' || (Array.isArray(given) && given.length === 0);
    const message = empty
      ? `${name} is empty; give it a value, or leave the line out`
      : `${name} must be at least ${issue.minimum}, not ${shown(given)}`;
    return [{ path, message, atKey: false }];
  }
  if (issue.code === 'too_big') return [{ path, message: `${name} must be at most ${issue.maximum}`, atKey: false }];
  return [{ path, message: `${name} ${issue.message}`, atKey: false }];
}

function isTypeMismatch(issue: z.core.$ZodIssue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_union') return issue.errors.every((branch) => branch.some(isTypeMismatch));
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

function depth(branch: readonly z.core.$ZodIssue[]): number {
  return Math.max(...branch.map((issue) => issue.path.length));
}

/** The words for a path: `app`, `rule 3: to, item 2`. */
function label(path: Path): string {
  const words = path.slice(path[0] === 'rules' ? 2 : 0);
  if (words.length === 0) return path.length === 0 ? 'the file' : path.length === 1 ? '"rules"' : 'a rule';
  return words.map((part) => (typeof part === 'number' ? `item ${part + 1}` : `"${printable(part)}"`)).join(', ');
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  const text = typeof value === 'string' ? `"${value}"` : JSON.stringify(value);
  return printable(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

function wrongType(path: Path, value: unknown, branches: readonly (readonly z.core.$ZodIssue[])[]): string {
  const name = label(path);
  const last = path.at(-1);
  if (value === undefined) {
    if (last === 'action') return `the rule has no action; give it one of ${actions.join(', ')}`;
    return typeof last === 'string'
      ? `the ${path.at(-3) === 'tests' ? 'test' : 'rule'} has no ${last}`
      : `${name} is missing`;
  }
  if (value === null) return `${name} is empty; give it a value, or leave the line out`;
  const kinds = new Set<string>();
  const collect = (issue: z.core.$ZodIssue) => {
    if (issue.code === 'invalid_type' && issue.path.length === 0)
      kinds.add(typeNames[issue.expected] ?? issue.expected);
    if (issue.code === 'invalid_value') for (const known of issue.values) kinds.add(String(known));
    if (issue.code === 'invalid_union') issue.errors.flat().forEach(collect);
  };
  branches.flat().forEach(collect);
  const expected = [...kinds];
  const near = typeof value === 'string' ? didYouMean(value, expected) : '';
  const quotes = typeof value === 'number' && kinds.has('a text') ? '; write it in quotes' : '';
  const list = expected.length > 0 ? `must be ${expected.join(' or ')}` : 'has the wrong type';
  return `${name} ${list}, not ${shown(value)}${near}${quotes}`;
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping',
  array: 'a list',
};

function unknownKey(key: string, path: Path): string {
  const last = path.at(-1);
  const inTest = path.at(-2) === 'tests';
  if (key === 'lifetime' && path.length === 2) {
    return 'a rule in a file holds always; lifetimes are for rules of the command line and of answers; for a last day, use "until"';
  }
  const known =
    path.length === 0
      ? Object.keys(ruleFileSchema.shape)
      : inTest
        ? Object.keys(ruleTestSchema.shape)
        : last === 'app' || path.at(-2) === 'app'
          ? appKeys
          : Object.keys(ruleSchema.shape);
  const near = didYouMean(key, known);
  if (near !== '') return `unknown key "${printable(key.slice(0, 64))}"${near}`;
  if (path.length === 0 && key in conditionsSchema.shape) return `"${key}" belongs in a rule, under "rules:"`;
  return `unknown key "${printable(key.slice(0, 64))}"; known are ${known.join(', ')}`;
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}
