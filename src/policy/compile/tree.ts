// The tree that finds the clauses an attempt can match: each node files its clauses by the dimension that leaves the
// fewest to look at, the rest stands beside, and a leaf is a short list in the order of evaluation.
import { formatPrefix, type Prefix } from '#model/net/address.ts';
import { PrefixTable } from '../match/prefix.ts';
import type { Clause } from './clause.ts';
import { type Criterion, fulfils } from './criterion.ts';
import { countryKey, dimension, dimensions, fileBy } from './keys.ts';
import { textFields, type View } from './view.ts';

/** A clause in a leaf, with the tests that the way to the leaf has not settled. */
export interface Entry {
  readonly rank: number;
  readonly expires: number;
  readonly tests: readonly Criterion[];
  readonly clause: Clause;
}

export interface Node {
  /** The lowest rank below: a node that cannot better what was found is not entered. */
  readonly least: number;
  /** The lowest rank of what is filed by the dimension, so without `rest`; Infinity in a leaf. */
  readonly leastFiled: number;
  /** The entries of a leaf, by rank; empty in other nodes. */
  readonly entries: readonly Entry[];
  /** All entries below, by rank, where they are few enough to choose freely why each does not match. */
  readonly few: readonly Entry[] | undefined;
  readonly dim: number;
  readonly byKey: KeyTable | undefined;
  readonly byPrefix: PrefixTable<Node> | undefined;
  readonly rest: Node | undefined;
}

const leafSize = 4;
const fewEntries = 32;

/** The clauses of one direction. */
export interface Trees {
  /** Of rules that decide and are no answers. */
  readonly own: Node | undefined;
  readonly answers: Node | undefined;
  readonly logs: Node | undefined;
  /** The clauses of `own` behind the last one that is of no built-in rule, in the order of evaluation. */
  readonly lastBuiltins: readonly Clause[];
  /** Those of `answers`, in the order of evaluation. */
  readonly answerClauses: readonly Clause[];
}

/** `clauses` of one direction in the order of their ranks. */
export function buildTrees(clauses: readonly Clause[]): Trees {
  const deciding = clauses.filter(({ rule }) => rule.action !== 'log');
  const own = deciding.filter(({ rule }) => rule.origin !== 'answer');
  const answerClauses = deciding.filter(({ rule }) => rule.origin === 'answer');
  return {
    own: buildTree(own),
    answers: buildTree(answerClauses),
    logs: buildTree(clauses.filter(({ rule }) => rule.action === 'log')),
    lastBuiltins: own.slice(own.findLastIndex(({ rule }) => rule.origin !== 'builtin') + 1),
    answerClauses,
  };
}

/** `clauses` in the order of their ranks. */
function buildTree(clauses: readonly Clause[]): Node | undefined {
  const entries = clauses.map(
    (clause): Entry => ({ rank: clause.rank, expires: clause.rule.expires, tests: clause.tests, clause }),
  );
  return build(entries, dimensions);
}

function build(entries: readonly Entry[], dims: readonly number[]): Node | undefined {
  const [first] = entries;
  if (first === undefined) return undefined;
  const least = first.rank;
  const leaf: Node = {
    least,
    leastFiled: Infinity,
    entries,
    few: entries,
    dim: -1,
    byKey: undefined,
    byPrefix: undefined,
    rest: undefined,
  };
  if (entries.length <= leafSize) return leaf;
  let best: Split | undefined;
  for (const dim of dims) {
    const split = splitBy(entries, dim);
    if (split !== undefined && (best === undefined || split.cost < best.cost)) best = split;
  }
  if (best === undefined || best.cost > entries.length * 0.8) return leaf;
  const { dim } = best;
  const others = dims.filter((other) => other !== dim);
  const child = (list: readonly Entry[]) => build(list, others) as Node;
  const keyed = [...best.byKey].map(([key, list]) => [key, child(list)] as const);
  const prefixed = [...best.byPrefix.values()].map(({ prefix, list }) => [prefix, child(list)] as const);
  return {
    least,
    leastFiled: [...keyed, ...prefixed].reduce((lowest, [, node]) => Math.min(lowest, node.least), Infinity),
    entries: [],
    few: entries.length <= fewEntries ? entries : undefined,
    dim,
    byKey: keyed.length === 0 ? undefined : new KeyTable(keyed),
    byPrefix: prefixed.length === 0 ? undefined : new PrefixTable(prefixed),
    rest: build(best.rest, others),
  };
}

interface Split {
  readonly dim: number;
  readonly byKey: ReadonlyMap<number, Entry[]>;
  readonly byPrefix: ReadonlyMap<string, { prefix: Prefix; list: Entry[] }>;
  readonly rest: readonly Entry[];
  /** How many entries are left to look at in the worst case. */
  readonly cost: number;
}

function splitBy(entries: readonly Entry[], dim: number): Split | undefined {
  const byKey = new Map<number, Entry[]>();
  const byPrefix = new Map<string, { prefix: Prefix; list: Entry[] }>();
  const rest: Entry[] = [];
  let worst = 0;
  let filed = 0;
  for (const entry of entries) {
    const filing = fileBy(entry.tests, dim);
    if (filing === undefined) {
      rest.push(entry);
      continue;
    }
    const left = { ...entry, tests: entry.tests.filter((test) => test !== filing.settled) };
    const lists = filing.keys.map((key) => listOf(byKey, key));
    if (filing.prefix !== undefined) lists.push(prefixList(byPrefix, filing.prefix));
    for (const list of lists) {
      list.push(left);
      filed++;
      worst = Math.max(worst, list.length);
    }
  }
  // Entries with several keys are copied into each list: not when that would blow the tree up.
  if (filed > entries.length * 4 || rest.length === entries.length) return undefined;
  return { dim, byKey, byPrefix, rest, cost: worst + rest.length };
}

function listOf(byKey: Map<number, Entry[]>, key: number): Entry[] {
  const known = byKey.get(key);
  if (known !== undefined) return known;
  const list: Entry[] = [];
  byKey.set(key, list);
  return list;
}

function prefixList(byPrefix: Map<string, { prefix: Prefix; list: Entry[] }>, prefix: Prefix): Entry[] {
  const key = formatPrefix(prefix);
  const known = byPrefix.get(key) ?? { prefix, list: [] };
  byPrefix.set(key, known);
  return known.list;
}

/** Nodes by number: an array where the numbers lie close together, as the numbers of patterns do. */
export class KeyTable {
  readonly #dense: (Node | undefined)[] | undefined;
  readonly #sparse: Map<number, Node> | undefined;

  constructor(items: readonly (readonly [number, Node])[]) {
    const size = 1 + items.reduce((most, [key]) => Math.max(most, key), 0);
    if (size <= 16 + items.length * 4) {
      const dense = new Array<Node | undefined>(size).fill(undefined);
      for (const [key, node] of items) dense[key] = node;
      this.#dense = dense;
    } else this.#sparse = new Map(items);
  }

  /** Keys that are not known are negative. */
  get(key: number): Node | undefined {
    if (this.#dense === undefined) return this.#sparse?.get(key);
    return key >= 0 && key < this.#dense.length ? this.#dense[key] : undefined;
  }
}

/** What a walk does with the lists it meets. `limit`: nodes whose least rank is not below it are passed by. */
export interface Walk {
  limit: number;
  visit(entries: readonly Entry[]): void;
}

/** The first matching clause in the order of evaluation. */
export class FirstMatch implements Walk {
  limit = Infinity;
  found: Clause | undefined;
  readonly #view: View;
  #now = 0;

  constructor(view: View) {
    this.#view = view;
  }

  find(root: Node | undefined, now: number): Clause | undefined {
    if (root === undefined) return undefined;
    this.limit = Infinity;
    this.found = undefined;
    this.#now = now;
    walk(root, this.#view, this);
    return this.found;
  }

  visit(entries: readonly Entry[]): void {
    for (let at = 0; at < entries.length; at++) {
      const entry = entries[at] as Entry;
      if (entry.rank >= this.limit) return;
      if (entryMatches(entry, this.#view, this.#now)) {
        this.limit = entry.rank;
        this.found = entry.clause;
        return;
      }
    }
  }
}

export function entryMatches({ expires, tests }: Entry, view: View, now: number): boolean {
  if (expires <= now) return false;
  for (let at = 0; at < tests.length; at++) if (!fulfils(tests[at] as Criterion, view)) return false;
  return true;
}

export function walk(root: Node, view: View, to: Walk): void {
  for (let node: Node | undefined = root; node !== undefined; node = node.rest) {
    if (node.least >= to.limit) return;
    if (node.dim < 0) to.visit(node.entries);
    else if (node.byKey !== undefined) walkKeys(node.dim, node.byKey, view, to);
    else if (node.byPrefix !== undefined) {
      const address = view.address(node.dim === dimension.remotePrefix ? 0 : 1);
      if (address === undefined) continue;
      for (let entry = node.byPrefix.find(address); entry !== undefined; entry = entry.wider) {
        walk(entry.value, view, to);
      }
    }
  }
}

function walkKeys(dim: number, byKey: KeyTable, view: View, to: Walk): void {
  if (dim < textFields.length) {
    walkSets(view.text(dim)?.list, byKey, view, to);
    return;
  }
  switch (dim) {
    case dimension.ancestor:
      for (const name of view.process.ancestors ?? []) walkSets(view.ancestor(name)?.list, byKey, view, to);
      return;
    case dimension.name:
      walkSets(view.names().list, byKey, view, to);
      return;
    case dimension.group:
      for (const group of view.process.groups ?? []) walkChild(byKey.get(group), view, to);
      return;
    default:
      walkChild(byKey.get(keyOf(dim, view)), view, to);
  }
}

/** The attempt's only key in this dimension; −1 when it is not known. */
export function keyOf(dim: number, view: View): number {
  switch (dim) {
    case dimension.pid:
      return view.pid;
    case dimension.uid:
      return view.uid;
    case dimension.gid:
      return view.gid;
    case dimension.protocol:
      return view.protocol;
    case dimension.remotePort:
      return view.remotePort;
    case dimension.localPort:
      return view.localPort;
    case dimension.icmp:
      return view.icmpType;
    case dimension.remoteScope:
      return view.scope(0);
    case dimension.localScope:
      return view.scope(1);
    case dimension.country:
      return countryKey(view.country());
    case dimension.network:
      return view.network();
    default:
      return -1;
  }
}

function walkSets(sets: readonly number[] | undefined, byKey: KeyTable, view: View, to: Walk): void {
  if (sets === undefined) return;
  for (let at = 0; at < sets.length; at++) walkChild(byKey.get(sets[at] as number), view, to);
}

function walkChild(node: Node | undefined, view: View, to: Walk): void {
  if (node !== undefined) walk(node, view, to);
}
