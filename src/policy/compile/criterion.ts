// Criterion: one condition of a clause in numbers, and whether a view fulfils it. What is not known fulfils none.
import type { Address, Prefix } from '#model/net/address.ts';
import type { PortRange } from '../match/destination.ts';
import type { NamePattern } from '../match/name.ts';
import type { Sources } from '../match/names.ts';
import { type Pattern, patternMatches } from '../match/pattern.ts';
import type { Places } from '../match/places.ts';
import { holds } from '../match/prefix.ts';
import { isIcmp } from '../match/protocol.ts';
import type { End, View } from './view.ts';

export type Criterion =
  | { readonly kind: 'protocol'; readonly codes: ReadonlySet<number> }
  | { readonly kind: 'port'; readonly end: End; readonly ranges: readonly PortRange[] }
  | { readonly kind: 'prefix'; readonly end: End; readonly prefix: Prefix }
  | { readonly kind: 'scope'; readonly end: End; readonly scope: number }
  | { readonly kind: 'name'; readonly set: number; readonly pattern: NamePattern; readonly sources: Sources }
  /** `list`: its number in the policy's places; −1 where there is none, so that nothing is in it. */
  | {
      readonly kind: 'list';
      readonly name: string;
      readonly list: number;
      readonly places: Places | undefined;
      readonly sources: Sources;
    }
  | { readonly kind: 'country'; readonly country: string }
  | { readonly kind: 'as'; readonly number: number }
  | { readonly kind: 'uid' | 'gid' | 'groups'; readonly ids: ReadonlySet<number> }
  | { readonly kind: 'text'; readonly field: number; readonly set: number; readonly patterns: readonly Pattern[] }
  | { readonly kind: 'ancestor'; readonly set: number }
  | { readonly kind: 'args'; readonly patterns: readonly Pattern[] }
  | { readonly kind: 'process'; readonly pid: number; readonly startTime: string }
  | { readonly kind: 'kernel' | 'seeded' }
  | { readonly kind: 'icmp'; readonly types: ReadonlySet<number> }
  | { readonly kind: 'network'; readonly prefixes: readonly Prefix[] }
  /** Of the machine and not of the attempt: the same for all that this policy decides. */
  | {
      readonly kind: 'where';
      readonly key: 'profile' | 'known-network';
      readonly patterns: readonly Pattern[];
      readonly holds: boolean;
    };

/** The same, with the properties of all kinds in one order: objects of one shape are read without a search. */
export function ofOneShape(test: Criterion): Criterion {
  const shape = {
    kind: test.kind,
    end: undefined,
    set: undefined,
    field: undefined,
    ids: undefined,
    codes: undefined,
    types: undefined,
    ranges: undefined,
    prefix: undefined,
    scope: undefined,
    prefixes: undefined,
    patterns: undefined,
    pid: undefined,
    startTime: undefined,
    pattern: undefined,
    sources: undefined,
    name: undefined,
    list: undefined,
    places: undefined,
    country: undefined,
    number: undefined,
    key: undefined,
    holds: undefined,
  };
  return Object.assign(shape, test) as Criterion;
}

export type TestKind = Criterion['kind'];

/** Cheap tests and those that seldom hold come first; arguments, which may be long, come last. */
export const testOrder: readonly TestKind[] = [
  'where',
  'process',
  'kernel',
  'seeded',
  'protocol',
  'uid',
  'gid',
  'port',
  'icmp',
  'text',
  'prefix',
  'scope',
  'network',
  'name',
  'as',
  'country',
  'list',
  'groups',
  'ancestor',
  'args',
];

export function fulfils(test: Criterion, view: View): boolean {
  switch (test.kind) {
    case 'text':
      return view.text(test.field)?.has(test.set) === true;
    case 'protocol':
      return test.codes.has(view.protocol);
    case 'port':
      return view.hasPorts && inRanges(test.ranges, view.port(test.end));
    case 'prefix': {
      const address = view.address(test.end);
      return address !== undefined && holds(test.prefix, address);
    }
    case 'scope':
      return view.scope(test.end) === test.scope;
    case 'name':
      return view.names().has(test.set);
    case 'list':
      return view.isListed(test.list, test.sources);
    case 'country':
      return view.country() === test.country;
    case 'as':
      return view.network() === test.number;
    case 'uid':
      return test.ids.has(view.uid);
    case 'gid':
      return test.ids.has(view.gid);
    case 'groups':
      return view.process.groups?.some((group) => test.ids.has(group)) === true;
    case 'ancestor':
      return view.process.ancestors?.some((name) => view.ancestor(name)?.has(test.set) === true) === true;
    case 'args': {
      const args = view.args();
      return args !== null && test.patterns.some((pattern) => patternMatches(pattern, args));
    }
    case 'process':
      return view.pid === test.pid && view.process.startTime === test.startTime;
    case 'kernel':
      return view.process.kernel === true;
    case 'seeded':
      return view.process.seeded === true;
    case 'icmp':
      return isIcmp(view.protocol) && test.types.has(view.icmpType);
    case 'network':
      return view.local !== undefined && anyHolds(test.prefixes, view.local);
    case 'where':
      return test.holds;
  }
}

function inRanges(ranges: readonly PortRange[], port: number): boolean {
  if (port === 0) return false;
  for (const [low, high] of ranges) if (low <= port && port <= high) return true;
  return false;
}

function anyHolds(prefixes: readonly Prefix[], address: Address): boolean {
  for (const prefix of prefixes) if (holds(prefix, address)) return true;
  return false;
}
