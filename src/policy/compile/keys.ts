// The dimensions by which clauses are found: for each, the keys of a clause, and whether it has few enough to be filed under them.
import type { Prefix } from '#model/address.ts';
import type { Clause } from './clause.ts';
import type { TestKind } from './criterion.ts';
import { textFields } from './view.ts';

/**
 * Numbers of dimensions. 0 up to the number of text fields are these fields; the others follow. Numbers, because the
 * look-up switches on them for every packet.
 */
const first = textFields.length;
export const dimension = {
  ancestor: first,
  pid: first + 1,
  uid: first + 2,
  gid: first + 3,
  group: first + 4,
  protocol: first + 5,
  remotePort: first + 6,
  localPort: first + 7,
  icmp: first + 8,
  remoteScope: first + 9,
  localScope: first + 10,
  remotePrefix: first + 11,
  localPrefix: first + 12,
} as const;

export const dimensions: readonly number[] = Array.from({ length: first + 13 }, (_, index) => index);

export function isPrefixDimension(dim: number): boolean {
  return dim >= dimension.remotePrefix;
}

/** A clause with more keys than this in one dimension is not filed by it. */
const maxKeys = 16;

/** The keys under which the clause is found, any of which may be the attempt's; undefined: it may match any attempt here. */
export function clauseKeys(clause: Clause, dim: number): readonly number[] | undefined {
  let best: readonly number[] | undefined;
  for (const test of clause.tests) {
    let keys: readonly number[] | undefined;
    switch (test.kind) {
      case 'text':
        if (test.field === dim) keys = [test.set];
        break;
      case 'ancestor':
        if (dim === dimension.ancestor) keys = [test.set];
        break;
      case 'process':
        if (dim === dimension.pid) keys = [test.pid];
        break;
      case 'uid':
      case 'gid':
      case 'groups':
      case 'protocol':
      case 'icmp':
        if (dimOfSet[test.kind] === dim) {
          const set = test.kind === 'protocol' ? test.codes : test.kind === 'icmp' ? test.types : test.ids;
          if (set.size <= maxKeys) keys = [...set];
        }
        break;
      case 'port':
        if (dim === (test.end === 0 ? dimension.remotePort : dimension.localPort)) keys = portKeys(test.ranges);
        break;
      case 'scope':
        if (dim === (test.end === 0 ? dimension.remoteScope : dimension.localScope)) keys = [test.scope];
        break;
      case 'kernel':
      case 'args':
      case 'prefix':
      case 'network':
        break;
    }
    if (keys !== undefined && (best === undefined || keys.length < best.length)) best = keys;
  }
  return best;
}

const dimOfSet = {
  uid: dimension.uid,
  gid: dimension.gid,
  groups: dimension.group,
  protocol: dimension.protocol,
  icmp: dimension.icmp,
} as const satisfies Partial<Record<TestKind, number>>;

function portKeys(ranges: readonly (readonly [number, number])[]): number[] | undefined {
  const keys: number[] = [];
  for (const [low, high] of ranges) {
    if (keys.length + high - low + 1 > maxKeys) return undefined;
    for (let port = low; port <= high; port++) keys.push(port);
  }
  return keys;
}

/** The prefix of the clause in a prefix dimension. */
export function clausePrefix(clause: Clause, dim: number): Prefix | undefined {
  const end = dim === dimension.remotePrefix ? 0 : 1;
  for (const test of clause.tests) if (test.kind === 'prefix' && test.end === end) return test.prefix;
  return undefined;
}
