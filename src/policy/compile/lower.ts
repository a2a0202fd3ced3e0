// A rule as it is written, to the clauses that are sorted and matched; with everything that is wrong in it.
import { directions } from '#model/flow.ts';
import type { Accounts } from '#model/messages.ts';
import { parsePrefix } from '#model/net/address.ts';
import { encryptedDnsList } from '#model/net/list.ts';
import type { Whereabouts } from '#model/net/network.ts';
import { scopes } from '#model/net/scope.ts';
import type { RuleRecord, RuleText } from '#model/rule.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { resolveAccounts, several } from '../accounts.ts';
import { type DestinationCondition, formatDestination, parseDestination, parsePorts } from '../match/destination.ts';
import type { Sources } from '../match/names.ts';
import { compilePattern, type Pattern, patternMatches } from '../match/pattern.ts';
import type { Places } from '../match/places.ts';
import { protocolCodes } from '../match/protocol.ts';
import { wantedText } from '../show/words.ts';
import { type Aliases, type Alternative, compileApp, pathPatterns, textTest } from './app.ts';
import type { Clause, CompiledRule, Condition } from './clause.ts';
import { type Criterion, ofOneShape, testOrder } from './criterion.ts';
import { appRank, defaultPriority, destinationRank } from './specificity.ts';
import { untilTime } from './until.ts';
import { type End, localEnd, remoteEnd, type Vocabulary } from './view.ts';

/** What is wrong with a rule; `path` leads from the rule to the value, as in zod. */
export interface RuleIssue {
  readonly path: readonly (string | number)[];
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

export interface LowerContext {
  readonly accounts: Accounts;
  readonly vocabulary: Vocabulary;
  readonly aliases: Aliases;
  readonly disabled: ReadonlySet<string>;
  /** Undefined: which lists there are is not known. */
  readonly places: Places | undefined;
  readonly where?: Whereabouts;
}

/** Pairs of apps and destinations of one rule; more would be a way to fill the memory with one line. */
const maxClauses = 65_536;

const any: Alternative = { tests: [], rank: 0, extra: 0 };

/** A rule with an error has no clauses and matches nothing. */
export function lowerRule(
  record: RuleRecord,
  context: LowerContext,
): { readonly rule: CompiledRule; readonly issues: readonly RuleIssue[] } {
  const issues: RuleIssue[] = [];
  const parts = readParts(record.rule, context, issues);
  if (record.rule.errno !== undefined && record.rule.action !== 'reject') {
    const message = `errno: a rule that says "${record.rule.action}" makes no call fail; leave it out, or reject`;
    issues.push({ path: ['errno'], severity: 'error', message });
  }
  const broken = issues.some((issue) => issue.severity === 'error');
  const clauses: Clause[] = [];
  const conditions = new Map<number, readonly Condition[]>();
  const { rule: text, origin } = record;
  const priority = text.priority ?? defaultPriority(text, origin);
  const rule: CompiledRule = {
    record,
    name: text.name,
    action: text.action,
    origin,
    priority: origin === 'answer' ? Math.min(priority, 0) : priority,
    expires: Math.min(record.expires ?? Infinity, text.until === undefined ? Infinity : untilTime(text.until)),
    enabled: text.enabled !== false && !context.disabled.has(text.name),
    clauses,
    conditions,
  };
  if (!broken) {
    const number = parts.directions.size * parts.apps.length * parts.to.length * parts.from.length;
    if (number > maxClauses) {
      const message = `stands for ${number} pairs of app and destination, more than ${maxClauses}; split it`;
      issues.push({ path: ['app'], severity: 'error', message });
    } else {
      for (const direction of parts.directions) {
        conditions.set(direction, conditionsFor(parts, text, direction, context));
        clauses.push(...clausesFor(parts, rule, direction, context));
      }
    }
  }
  return { rule, issues };
}

interface Parts {
  readonly directions: ReadonlySet<number>;
  readonly apps: readonly Alternative[];
  readonly to: readonly DestinationCondition[];
  readonly from: readonly DestinationCondition[];
  /** Conditions that mean the same in every direction. */
  readonly others: readonly (readonly [key: keyof RuleText, test: Criterion])[];
  readonly ports: readonly (readonly [number, number])[] | undefined;
  /** How names must be known. */
  readonly sources: Sources;
}

const anywhere: DestinationCondition = { place: { type: 'any' }, ports: undefined };

function readParts(rule: RuleText, context: LowerContext, issues: RuleIssue[]): Parts {
  const { vocabulary, aliases, accounts, where = {} } = context;
  /** Reads each value of a line and notes what is wrong with it. */
  function read<T, U>(key: keyof RuleText, values: T | readonly T[] | undefined, parse: (value: T) => Result<U>): U[] {
    const results: U[] = [];
    several(values).forEach((value, index) => {
      const result = parse(value);
      if (result.ok) results.push(result.value);
      else {
        const path = Array.isArray(values) ? [key, index] : [key];
        issues.push({ path, severity: 'error', message: `${key}: ${result.error}` });
      }
    });
    return results;
  }
  const plain = (key: keyof RuleText, values: string | readonly string[] | undefined): Pattern[] =>
    read(key, values, (value: string) => compilePattern(value, 'plain'));
  const others: [keyof RuleText, Criterion][] = [];

  const ancestors = read('ancestor', rule.ancestor, (value: string) => pathPatterns(value, aliases)).flat();
  if (rule.ancestor !== undefined) {
    others.push(['ancestor', { kind: 'ancestor', set: vocabulary.ancestor.number(ancestors) }]);
  }
  if (rule.args !== undefined) others.push(['args', { kind: 'args', patterns: plain('args', rule.args) }]);
  const cgroups = plain('cgroup', several(rule.cgroup).map(withoutTrailingSlash));
  if (rule.cgroup !== undefined) others.push(['cgroup', textTest('cgroup', cgroups, vocabulary)]);
  if (rule.label !== undefined) others.push(['label', textTest('label', plain('label', rule.label), vocabulary)]);
  if (rule.seeded !== undefined) others.push(['seeded', { kind: 'seeded' }]);
  if (rule.interface !== undefined) {
    others.push(['interface', textTest('interface', plain('interface', rule.interface), vocabulary)]);
  }
  const accountKeys = [
    ['user', 'uid', accounts.users],
    ['group', 'gid', accounts.groups],
    ['supplementary-group', 'groups', accounts.groups],
  ] as const;
  for (const [key, kind, table] of accountKeys) {
    if (rule[key] === undefined) continue;
    const resolved = resolveAccounts(several(rule[key]), table);
    if (!resolved.ok) {
      issues.push({ path: [key], severity: 'error', message: `${key}: ${resolved.error}` });
      continue;
    }
    others.push([key, { kind, ids: resolved.value.ids }]);
    for (const name of resolved.value.unknown) {
      const message = `this machine has no ${key === 'user' ? 'user' : 'group'} "${name}", so it matches nothing`;
      issues.push({ path: [key], severity: 'warning', message });
    }
  }
  const codes = several(rule.protocol).map(protocolCodes);
  if (codes.length > 0 && codes.every((list) => list !== undefined)) {
    others.push(['protocol', { kind: 'protocol', codes: new Set(codes.flat()) }]);
  }
  const types = rule['icmp-type'];
  if (types !== undefined) others.push(['icmp-type', { kind: 'icmp', types: new Set(several(types)) }]);
  const networks = read('network', rule.network, (value: string) => {
    const prefix = parsePrefix(value);
    return 'error' in prefix ? fail(prefix.error) : ok(prefix);
  });
  if (rule.network !== undefined) others.push(['network', { kind: 'network', prefixes: networks }]);
  const machine = (key: 'profile' | 'known-network', patterns: readonly Pattern[], value: string | undefined) => {
    if (rule[key] === undefined) return;
    const holds = value !== undefined && patterns.some((pattern) => patternMatches(pattern, value));
    others.push([key, { kind: 'where', key, patterns, holds }]);
  };
  machine('profile', plain('profile', rule.profile), where.profile);
  // A name is no pattern: people call networks as they like.
  machine('known-network', several(rule['known-network']).map(exactly), where.network);

  const apps = read('app', rule.app, (app: NonNullable<Parameters<typeof compileApp>[0]>) =>
    compileApp(app, vocabulary, aliases),
  );
  if (rule.app === undefined) {
    apps.push(rule.ancestor === undefined ? any : { ...any, rank: appRank('ancestor', false) });
  }
  const ports = read('port', rule.port, parsePorts);
  const to = rule.to === undefined ? [anywhere] : read('to', rule.to, parseDestination);
  const from = rule.from === undefined ? [anywhere] : read('from', rule.from, parseDestination);
  issues.push(...issuesOfPlaces(rule, { to, from }, context.places));
  return {
    directions: new Set(several(rule.direction ?? 'out').map((name) => directions.indexOf(name))),
    apps,
    to,
    from,
    sources: rule['name-from'] === undefined ? undefined : new Set(several(rule['name-from'])),
    others,
    ports: rule.port === undefined ? undefined : ports,
  };
}

/** Names, lists, countries and network numbers are of the far end alone: nobody else's are known. */
function issuesOfPlaces(rule: RuleText, parts: Pick<Parts, 'to' | 'from'>, places: Places | undefined): RuleIssue[] {
  const issues: RuleIssue[] = [];
  const given = (['to', 'from'] as const).flatMap((key) =>
    rule[key] === undefined ? [] : parts[key].map((item) => ({ key, item, type: item.place.type })),
  );
  for (const { key, item } of given) {
    const { place } = item;
    if (place.type === 'list' && places !== undefined && places.listNumber(place.list) === undefined) {
      const message =
        place.list === encryptedDnsList
          ? `${key}: the list "${place.list}" is switched off or not read here, so it matches nothing; \`postern lists enable ${place.list}\` switches it on`
          : `${key}: there is no list "${place.list}", so it matches nothing; add it with \`postern lists add\``;
      issues.push({ path: [key], severity: 'warning', message });
    }
    if (place.type === 'any' || place.type === 'scope' || place.type === 'prefix') continue;
    const near = several(rule.direction ?? 'out').find((name) => endOf(key, directions.indexOf(name)) === localEnd);
    if (near === undefined) continue;
    const message = `${key}: "${formatDestination(item)}" can only be the far end, which in direction ${near} is "${key === 'to' ? 'from' : 'to'}"`;
    issues.push({ path: [key], severity: 'error', message });
  }
  const named = given.filter(({ type }) => type === 'name' || type === 'list');
  if (rule['name-from'] !== undefined && (named.length === 0 || named.length < given.length)) {
    const message =
      'name-from: says how a name must be known, so all that the rule has under "to" must be names or lists';
    issues.push({ path: ['name-from'], severity: 'error', message });
  }
  return issues;
}

function exactly(value: string): Pattern {
  return { type: 'exact', text: value, value };
}

function withoutTrailingSlash(cgroup: string): string {
  return cgroup.length > 1 && cgroup.endsWith('/') ? cgroup.slice(0, -1) : cgroup;
}

/** Of what comes in, `from` is the far end and `to` the near one; otherwise the other way round. */
function endOf(key: 'to' | 'from', direction: number): End {
  return (key === 'from') === (directions[direction] === 'in') ? remoteEnd : localEnd;
}

function destination(
  { place, ports }: DestinationCondition,
  end: End,
  sources: Sources,
  { places, vocabulary }: LowerContext,
): Alternative {
  const tests: Criterion[] = [];
  if (place.type === 'name') {
    const { name: pattern } = place;
    tests.push({ kind: 'name', set: vocabulary.names.number(pattern, sources), pattern, sources });
  }
  if (place.type === 'list') {
    const list = places?.listNumber(place.list) ?? -1;
    tests.push({ kind: 'list', name: place.list, list, places, sources });
  }
  if (place.type === 'country') tests.push({ kind: 'country', country: place.country });
  if (place.type === 'as') tests.push({ kind: 'as', number: place.number });
  if (place.type === 'prefix') tests.push({ kind: 'prefix', end, prefix: place.prefix });
  if (place.type === 'scope') tests.push({ kind: 'scope', end, scope: scopes.indexOf(place.scope) });
  if (ports !== undefined) tests.push({ kind: 'port', end, ranges: [ports] });
  return { tests, rank: destinationRank(place), extra: ports === undefined ? 0 : 1 };
}

/** `port` is the destination's, so of what comes in it is the local one. */
function portTest(parts: Parts, direction: number): Criterion | undefined {
  return parts.ports && { kind: 'port', end: endOf('to', direction), ranges: parts.ports };
}

function clausesFor(parts: Parts, rule: CompiledRule, direction: number, context: LowerContext): Clause[] {
  const fixed = parts.others.map(([, test]) => test);
  const port = portTest(parts, direction);
  if (port !== undefined) fixed.push(port);
  const ends = (key: 'to' | 'from') =>
    parts[key].map((item) => destination(item, endOf(key, direction), parts.sources, context));
  const [to, from] = [ends('to'), ends('from')];
  const [fars, nears] = directions[direction] === 'in' ? [from, to] : [to, from];
  const clauses: Clause[] = [];
  for (const app of parts.apps) {
    for (const far of fars) {
      for (const near of nears) {
        const tests = [...app.tests, ...fixed, ...far.tests, ...near.tests].sort(byCost).map(ofOneShape);
        const count = fixed.length + (parts.sources === undefined ? 0 : 1) + app.extra + far.extra + near.extra;
        clauses.push({
          rule,
          direction,
          tests,
          app: app.rank,
          far: far.rank,
          near: near.rank,
          count,
          rank: -1,
          decision: undefined,
        });
      }
    }
  }
  return clauses;
}

function byCost(a: Criterion, b: Criterion): number {
  return testOrder.indexOf(a.kind) - testOrder.indexOf(b.kind);
}

function conditionsFor(parts: Parts, rule: RuleText, direction: number, context: LowerContext): Condition[] {
  const conditions: Condition[] = [];
  const add = (key: keyof RuleText, alternatives: Condition['alternatives']) =>
    conditions.push({ key, wanted: wantedText(rule, key), alternatives });
  if (rule.app !== undefined) {
    add(
      'app',
      parts.apps.map((app) => app.tests),
    );
  }
  for (const [key, test] of parts.others) add(key, [[test]]);
  const port = portTest(parts, direction);
  if (port !== undefined) add('port', [[port]]);
  for (const key of ['to', 'from'] as const) {
    if (rule[key] === undefined) continue;
    add(
      key,
      parts[key].map((item) => destination(item, endOf(key, direction), parts.sources, context).tests),
    );
  }
  return conditions;
}
