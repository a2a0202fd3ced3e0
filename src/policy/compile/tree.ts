// The tree that finds the clauses an attempt can match: each node files its clauses by the dimension that leaves the
// fewest to look at, the rest stands beside, and a leaf is a short list in the order of evaluation.
import { formatPrefix, type Prefix } from '#model/address.ts';
import { PrefixTable } from '../match/prefix.ts';
import { type Clause, clauseMatches } from './clause.ts';
import { clauseKeys, clausePrefix, dimension, dimensions, isPrefixDimension } from './keys.ts';
import { textFields, type View } from './view.ts';

export interface Node {
  /** The lowest rank below: a node that cannot better what was found is not entered. */
  readonly least: number;
  /** The clauses of a leaf, by rank; empty in other nodes. */
  readonly clauses: readonly Clause[];
  readonly dim: number;
  readonly byKey: ReadonlyMap<number, Node> | undefined;
  readonly byPrefix: PrefixTable<Node> | undefined;
  readonly rest: Node | undefined;
}

const leafSize = 4;

/** `clauses` in the order of their ranks. */
export function buildTree(clauses: readonly Clause[], dims: readonly number[] = dimensions): Node | undefined {
  const [first] = clauses;
  if (first === undefined) return undefined;
  const least = first.rank;
  const leaf: Node = { least, clauses, dim: -1, byKey: undefined, byPrefix: undefined, rest: undefined };
  if (clauses.length <= leafSize) return leaf;
  let best: Split | undefined;
  for (const dim of dims) {
    const split = splitBy(clauses, dim);
    if (split !== undefined && (best === undefined || split.cost < best.cost)) best = split;
  }
  if (best === undefined || best.cost > clauses.length * 0.8) return leaf;
  const { dim } = best;
  const others = dims.filter((other) => other !== dim);
  const child = (list: readonly Clause[]) => buildTree(list, others) as Node;
  const prefixes = [...best.byPrefix.values()];
  return {
    least,
    clauses: [],
    dim,
    byKey: isPrefixDimension(dim) ? undefined : new Map([...best.byKey].map(([key, list]) => [key, child(list)])),
    byPrefix: isPrefixDimension(dim)
      ? new PrefixTable(prefixes.map(({ prefix, list }) => [prefix, child(list)]))
      : undefined,
    rest: buildTree(best.rest, others),
  };
}

interface Split {
  readonly dim: number;
  readonly byKey: ReadonlyMap<number, Clause[]>;
  readonly byPrefix: ReadonlyMap<string, { prefix: Prefix; list: Clause[] }>;
  readonly rest: readonly Clause[];
  /** How many clauses are left to look at in the worst case. */
  readonly cost: number;
}

function splitBy(clauses: readonly Clause[], dim: number): Split | undefined {
  const byKey = new Map<number, Clause[]>();
  const byPrefix = new Map<string, { prefix: Prefix; list: Clause[] }>();
  const rest: Clause[] = [];
  let worst = 0;
  let filed = 0;
  for (const clause of clauses) {
    if (isPrefixDimension(dim)) {
      const prefix = clausePrefix(clause, dim);
      if (prefix === undefined) {
        rest.push(clause);
        continue;
      }
      const key = formatPrefix(prefix);
      const entry = byPrefix.get(key) ?? { prefix, list: [] };
      byPrefix.set(key, entry);
      entry.list.push(clause);
      worst = Math.max(worst, entry.list.length);
    } else {
      const keys = clauseKeys(clause, dim);
      if (keys === undefined) {
        rest.push(clause);
        continue;
      }
      for (const key of new Set(keys)) {
        const list = byKey.get(key) ?? [];
        byKey.set(key, list);
        list.push(clause);
        filed++;
        worst = Math.max(worst, list.length);
      }
    }
  }
  // Clauses with several keys are copied into each list: not when that would blow the tree up.
  if (filed > clauses.length * 4 || rest.length === clauses.length) return undefined;
  return { dim, byKey, byPrefix, rest, cost: worst + rest.length };
}

/** What a walk does with the lists it meets. `limit`: nodes whose least rank is not below it are passed by. */
export interface Walk {
  limit: number;
  visit(clauses: readonly Clause[]): void;
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

  visit(clauses: readonly Clause[]): void {
    for (let at = 0; at < clauses.length; at++) {
      const clause = clauses[at] as Clause;
      if (clause.rank >= this.limit) return;
      if (clauseMatches(clause, this.#view, this.#now)) {
        this.limit = clause.rank;
        this.found = clause;
        return;
      }
    }
  }
}

export function walk(root: Node, view: View, to: Walk): void {
  for (let node: Node | undefined = root; node !== undefined; node = node.rest) {
    if (node.least >= to.limit) return;
    if (node.dim < 0) to.visit(node.clauses);
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

function walkKeys(dim: number, byKey: ReadonlyMap<number, Node>, view: View, to: Walk): void {
  if (dim < textFields.length) {
    walkSets(view.text(dim)?.list, byKey, view, to);
    return;
  }
  switch (dim) {
    case dimension.ancestor:
      for (const name of view.process.ancestors ?? []) walkSets(view.ancestor(name)?.list, byKey, view, to);
      return;
    case dimension.group:
      for (const group of view.process.groups ?? []) walkChild(byKey.get(group), view, to);
      return;
    default:
      walkChild(byKey.get(keyOf(dim, view)), view, to);
  }
}

/** The attempt's only key in this dimension; −1 when it is not known. */
function keyOf(dim: number, view: View): number {
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
    default:
      return -1;
  }
}

function walkSets(sets: readonly number[] | undefined, byKey: ReadonlyMap<number, Node>, view: View, to: Walk): void {
  if (sets === undefined) return;
  for (let at = 0; at < sets.length; at++) walkChild(byKey.get(sets[at] as number), view, to);
}

function walkChild(node: Node | undefined, view: View, to: Walk): void {
  if (node !== undefined) walk(node, view, to);
}
