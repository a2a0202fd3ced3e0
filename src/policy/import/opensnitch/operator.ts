// One comparison of an OpenSnitch rule, as its daemon reads it from JSON: names of keys in any case, null as left out.
import { fail, ok, type Result } from '#std/result.ts';

/** `daemon/rule/operator.go` of OpenSnitch, read in 2026: the types that it knows. */
export const operatorTypes = ['simple', 'regexp', 'network', 'lists', 'range', 'list'] as const;
export type OperatorType = (typeof operatorTypes)[number];

export interface Operator {
  readonly type: OperatorType;
  readonly operand: string;
  readonly data: string;
  readonly sensitive: boolean;
  readonly list: readonly Operator[];
}

type Json = Readonly<Record<string, unknown>>;

/** The value under this key, however its letters are written; the last one counts. Undefined for null. */
export function field(json: Json, key: string): unknown {
  let found: unknown;
  for (const [name, value] of Object.entries(json)) {
    if (name.toLowerCase() === key && value !== null) found = value;
  }
  return found;
}

export function textField(json: Json, key: string): Result<string> {
  const value = field(json, key) ?? '';
  return typeof value === 'string' ? ok(value) : fail(`"${key}" is no text`);
}

export function flagField(json: Json, key: string): Result<boolean | undefined> {
  const value = field(json, key);
  return value === undefined || typeof value === 'boolean' ? ok(value) : fail(`"${key}" is neither true nor false`);
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Comparisons in one rule; rules that people made have some ten. */
const maxOperators = 1000;

export function readOperator(value: unknown): Result<Operator> {
  return read(value, 0);
}

function read(value: unknown, depth: number): Result<Operator> {
  if (!isObject(value)) return fail('it has no operator');
  const type = textField(value, 'type');
  if (!type.ok) return type;
  const known = operatorTypes.find((name) => name === type.value);
  if (known === undefined) return fail(`OpenSnitch does not load it: it has no operator type "${type.value}"`);
  const operand = textField(value, 'operand');
  if (!operand.ok) return operand;
  const data = textField(value, 'data');
  if (!data.ok) return data;
  const sensitive = flagField(value, 'sensitive');
  if (!sensitive.ok) return sensitive;
  const items = field(value, 'list') ?? [];
  if (!Array.isArray(items)) return fail('"list" is no list');
  if (items.length > maxOperators) return fail(`its list has ${items.length} comparisons, more than ${maxOperators}`);
  // What stands in a list of a list is never prepared there, so that its first connection would end the daemon.
  if (known === 'list' && depth > 0) return fail('a list within a list cannot be carried over: OpenSnitch fails at it');
  const list: Operator[] = [];
  for (const item of known === 'list' ? items : []) {
    const inner = read(item, depth + 1);
    if (!inner.ok) return inner;
    list.push(inner.value);
  }
  return ok({
    type: known,
    operand: operand.value,
    data: data.value,
    sensitive: sensitive.value ?? false,
    list,
  });
}

/** Before version 1.6 the comparisons of a list stood in `data` as JSON; undefined where they do not. */
export function readOldList(operator: Operator): Result<Operator> | undefined {
  if (operator.type !== 'list' || operator.list.length > 0 || operator.data === '') return undefined;
  let items: unknown;
  try {
    items = JSON.parse(operator.data);
  } catch {
    return fail('its list stands in "data", which is no JSON');
  }
  return read({ type: 'list', list: items }, 0);
}
