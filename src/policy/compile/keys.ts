// The dimensions by which clauses are found: for each, the keys of a clause, and whether it has few enough to be filed under them.
import type { Prefix } from '#model/net/address.ts';
import type { Criterion } from './criterion.ts';
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
  name: first + 13,
  country: first + 14,
  network: first + 15,
} as const;

export const dimensions: readonly number[] = Array.from({ length: first + 16 }, (_, index) => index);

/** A clause with more keys than this in one dimension is not filed by it. */
const maxKeys = 16;

/** How a clause is filed in a dimension: under these keys, any of which may be the attempt's. */
export interface Filing {
  readonly keys: readonly number[];
  readonly prefix: Prefix | undefined;
  /** The test that needs no further look, because who is found under a key fulfils it. */
  readonly settled: Criterion | undefined;
}

/** Undefined: these tests do not say which keys of the dimension an attempt must have, or say too many. */
export function fileBy(tests: readonly Criterion[], dim: number): Filing | undefined {
  let best: Filing | undefined;
  for (const test of tests) {
    const filing = fileTest(test, dim);
    if (filing !== undefined && (best === undefined || filing.keys.length < best.keys.length)) best = filing;
  }
  return best;
}

function fileTest(test: Criterion, dim: number): Filing | undefined {
  const under = (keys: readonly number[], settled: Criterion | undefined): Filing | undefined =>
    keys.length > maxKeys ? undefined : { keys, prefix: undefined, settled };
  switch (test.kind) {
    case 'text':
      return test.field === dim ? under([test.set], test) : undefined;
    case 'ancestor':
      return dim === dimension.ancestor ? under([test.set], test) : undefined;
    case 'process':
      // The start time is still to be compared.
      return dim === dimension.pid ? under([test.pid], undefined) : undefined;
    case 'uid':
      return dim === dimension.uid ? under([...test.ids], test) : undefined;
    case 'gid':
      return dim === dimension.gid ? under([...test.ids], test) : undefined;
    case 'groups':
      return dim === dimension.group ? under([...test.ids], test) : undefined;
    case 'protocol':
      return dim === dimension.protocol ? under([...test.codes], test) : undefined;
    case 'icmp':
      // The protocol is still to be looked at.
      return dim === dimension.icmp ? under([...test.types], undefined) : undefined;
    case 'port': {
      // Whether the protocol has ports is still to be looked at.
      const keys = dim === portDimensions[test.end] ? portKeys(test.ranges) : undefined;
      return keys && under(keys, undefined);
    }
    case 'scope':
      return dim === scopeDimensions[test.end] ? under([test.scope], test) : undefined;
    case 'prefix':
      return dim === prefixDimensions[test.end] ? { keys: [], prefix: test.prefix, settled: test } : undefined;
    case 'name':
      return dim === dimension.name ? under([test.set], test) : undefined;
    case 'country':
      return dim === dimension.country ? under([countryKey(test.country)], test) : undefined;
    case 'as':
      return dim === dimension.network ? under([test.number], test) : undefined;
    case 'kernel':
    case 'seeded':
    case 'args':
    case 'network':
    case 'list':
    case 'where':
      return undefined;
  }
}

/** Two capitals as a number; −1 for none. */
export function countryKey(country: string | null): number {
  return country === null ? -1 : (country.charCodeAt(0) - 65) * 26 + country.charCodeAt(1) - 65;
}

const portDimensions = [dimension.remotePort, dimension.localPort] as const;
const scopeDimensions = [dimension.remoteScope, dimension.localScope] as const;
const prefixDimensions = [dimension.remotePrefix, dimension.localPrefix] as const;

function portKeys(ranges: readonly (readonly [number, number])[]): number[] | undefined {
  const keys: number[] = [];
  for (const [low, high] of ranges) {
    if (keys.length + high - low + 1 > maxKeys) return undefined;
    for (let port = low; port <= high; port++) keys.push(port);
  }
  return keys;
}
