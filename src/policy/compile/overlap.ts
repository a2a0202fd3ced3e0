// Set relations between clauses, proved from their tests alone: what cannot be proved is answered on the safe side.
import type { Prefix } from '#model/net/address.ts';
import { type Scope, scopePrefixes, scopes } from '#model/net/scope.ts';
import type { PortRange } from '../match/destination.ts';
import { type NamePattern, nameMatches } from '../match/name.ts';
import type { Sources } from '../match/names.ts';
import { type Pattern, patternMatches } from '../match/pattern.ts';
import { holds } from '../match/prefix.ts';
import { codeHasPorts, isIcmp } from '../match/protocol.ts';
import type { Clause } from './clause.ts';
import type { Criterion } from './criterion.ts';
import { textFields } from './view.ts';

const cgroup = textFields.indexOf('cgroup');

/** Whether everything that `inner` matches, `outer` matches too. False where it is not proved. */
export function covers(outer: Clause, inner: Clause): boolean {
  return (
    outer.direction === inner.direction &&
    outer.tests.every((test) => inner.tests.some((other) => implies(other, test)))
  );
}

/** Whether no attempt matches both. False where it is not proved. */
export function areDisjoint(a: Clause, b: Clause): boolean {
  return a.direction !== b.direction || a.tests.some((test) => b.tests.some((other) => exclude(test, other)));
}

function implies(inner: Criterion, outer: Criterion): boolean {
  if (outer.kind === 'list' && inner.kind !== 'list') return isListed(inner, outer);
  if (inner.kind === 'prefix' && outer.kind === 'scope') {
    return inner.end === outer.end && prefixInScope(inner.prefix, outer.scope);
  }
  switch (outer.kind) {
    case 'name':
      return (
        inner.kind === 'name' && nameWithin(inner.pattern, outer.pattern) && sourcesWithin(inner.sources, outer.sources)
      );
    case 'list':
      return inner.kind === 'list' && inner.name === outer.name && sourcesWithin(inner.sources, outer.sources);
    case 'country':
      return inner.kind === 'country' && inner.country === outer.country;
    case 'as':
      return inner.kind === 'as' && inner.number === outer.number;
    case 'protocol':
      return inner.kind === 'protocol' && isSubset(inner.codes, outer.codes);
    case 'port':
      return (
        inner.kind === 'port' && inner.end === outer.end && inner.ranges.every((range) => within(range, outer.ranges))
      );
    case 'prefix':
      return inner.kind === 'prefix' && inner.end === outer.end && prefixWithin(inner.prefix, outer.prefix);
    case 'scope':
      return inner.kind === 'scope' && inner.end === outer.end && inner.scope === outer.scope;
    case 'uid':
    case 'gid':
    case 'groups':
      return inner.kind === outer.kind && isSubset(inner.ids, outer.ids);
    case 'text':
      if (inner.kind !== 'text' || inner.field !== outer.field) return false;
      return inner.set === outer.set || inner.patterns.every((pattern) => exactWithin(pattern, outer.patterns));
    case 'ancestor':
      return inner.kind === 'ancestor' && inner.set === outer.set;
    case 'args':
      return inner.kind === 'args' && inner.patterns.every((p) => outer.patterns.some((q) => q.text === p.text));
    case 'process':
      return inner.kind === 'process' && inner.pid === outer.pid && inner.startTime === outer.startTime;
    case 'kernel':
    case 'seeded':
      return inner.kind === outer.kind;
    case 'icmp':
      return inner.kind === 'icmp' && isSubset(inner.types, outer.types);
    case 'network':
      return (
        inner.kind === 'network' &&
        inner.prefixes.every((prefix) => outer.prefixes.some((wider) => prefixWithin(prefix, wider)))
      );
    case 'where':
      return (
        inner.kind === 'where' &&
        inner.key === outer.key &&
        inner.patterns.every((p) => outer.patterns.some((q) => q.text === p.text) || exactWithin(p, outer.patterns))
      );
  }
}

function exclude(a: Criterion, b: Criterion): boolean {
  if ((a.kind === 'where' && !a.holds) || (b.kind === 'where' && !b.holds)) return true;
  if (a.kind === 'protocol' && b.kind === 'port') return portsExcluded(a.codes);
  if (a.kind === 'port' && b.kind === 'protocol') return portsExcluded(b.codes);
  if (a.kind === 'protocol' && b.kind === 'icmp') return ![...a.codes].some(isIcmp);
  if (a.kind === 'icmp' && b.kind === 'protocol') return ![...b.codes].some(isIcmp);
  if ((a.kind === 'icmp' && b.kind === 'port') || (a.kind === 'port' && b.kind === 'icmp')) return true;
  const [near, far] = [placeOf(a), placeOf(b)];
  if (near !== undefined && far !== undefined) {
    if (near.end !== far.end) return false;
    if (near.scope !== undefined && far.scope !== undefined) return near.scope !== far.scope;
    if (near.scope !== undefined) return far.prefixes.every((prefix) => prefixOutsideScope(prefix, near.scope));
    if (far.scope !== undefined) return near.prefixes.every((prefix) => prefixOutsideScope(prefix, far.scope));
    return near.prefixes.every((p) => far.prefixes.every((q) => !prefixWithin(p, q) && !prefixWithin(q, p)));
  }
  switch (a.kind) {
    case 'protocol':
      return b.kind === 'protocol' && shareNothing(a.codes, b.codes);
    case 'port':
      return (
        b.kind === 'port' && a.end === b.end && a.ranges.every((r) => b.ranges.every((q) => r[1] < q[0] || q[1] < r[0]))
      );
    case 'uid':
    case 'gid':
      return b.kind === a.kind && shareNothing(a.ids, b.ids);
    case 'icmp':
      return b.kind === 'icmp' && shareNothing(a.types, b.types);
    case 'text':
      return b.kind === 'text' && a.field === b.field && textsExclude(a.patterns, b.patterns, a.field === cgroup);
    default:
      return false;
  }
}

/** Whether what the list has today holds all that the test allows. */
function isListed(inner: Criterion, { list, places, sources }: Extract<Criterion, { kind: 'list' }>): boolean {
  if (list < 0 || places === undefined) return false;
  if (inner.kind === 'name') {
    return (
      inner.pattern.reach === 'exact' &&
      sourcesWithin(inner.sources, sources) &&
      places.listHasName(list, inner.pattern.domain)
    );
  }
  if (inner.kind !== 'prefix' || inner.end !== 0 || sources !== undefined) return false;
  const { address, length } = inner.prefix;
  return length === (address.family === 4 ? 32 : 128) && places.listHasAddress(list, address);
}

/** Whether all that the inner pattern matches, the outer one matches too. */
function nameWithin(inner: NamePattern, outer: NamePattern): boolean {
  if (inner.domain === outer.domain) return inner.reach === outer.reach || outer.reach === 'both';
  return outer.reach !== 'exact' && nameMatches(outer, inner.domain);
}

function sourcesWithin(inner: Sources, outer: Sources): boolean {
  return outer === undefined || (inner !== undefined && [...inner].every((source) => outer.has(source)));
}

function isSubset(inner: ReadonlySet<number>, outer: ReadonlySet<number>): boolean {
  return inner.size <= outer.size && [...inner].every((item) => outer.has(item));
}

function shareNothing(a: ReadonlySet<number>, b: ReadonlySet<number>): boolean {
  return ![...a].some((item) => b.has(item));
}

function portsExcluded(codes: ReadonlySet<number>): boolean {
  return ![...codes].some(codeHasPorts);
}

function within([low, high]: PortRange, ranges: readonly PortRange[]): boolean {
  return ranges.some((range) => range[0] <= low && high <= range[1]);
}

/** Whether `inner` is `outer` or a part of it. */
export function prefixWithin(inner: Prefix, outer: Prefix): boolean {
  return inner.length >= outer.length && holds(outer, inner.address);
}

function prefixInScope(prefix: Prefix, scope: number): boolean {
  const name = scopes[scope] as Scope;
  if (name !== 'internet') return scopePrefixes[name].some((wider) => prefixWithin(prefix, wider));
  return Object.values(scopePrefixes)
    .flat()
    .every((other) => !prefixWithin(prefix, other) && !prefixWithin(other, prefix));
}

function prefixOutsideScope(prefix: Prefix, scope: number | undefined): boolean {
  const name = scopes[scope ?? 0] as Scope;
  if (name !== 'internet') {
    return scopePrefixes[name].every((other) => !prefixWithin(prefix, other) && !prefixWithin(other, prefix));
  }
  return Object.values(scopePrefixes)
    .flat()
    .some((other) => prefixWithin(prefix, other));
}

interface Place {
  readonly end: number;
  readonly scope: number | undefined;
  readonly prefixes: readonly Prefix[];
}

function placeOf(test: Criterion): Place | undefined {
  if (test.kind === 'prefix') return { end: test.end, scope: undefined, prefixes: [test.prefix] };
  if (test.kind === 'scope') return { end: test.end, scope: test.scope, prefixes: [] };
  return test.kind === 'network' ? { end: 1, scope: undefined, prefixes: test.prefixes } : undefined;
}

function exactWithin(inner: Pattern, outer: readonly Pattern[]): boolean {
  return inner.type === 'exact' && outer.some((pattern) => patternMatches(pattern, inner.value));
}

function textsExclude(a: readonly Pattern[], b: readonly Pattern[], folders: boolean): boolean {
  return a.every((p) =>
    b.every((q) => {
      if (p.type !== 'exact' || q.type !== 'exact' || p.value === q.value) return false;
      return !folders || !(isBelow(p.value, q.value) || isBelow(q.value, p.value));
    }),
  );
}

function isBelow(inner: string, outer: string): boolean {
  return outer === '/' || inner.startsWith(`${outer}/`);
}
