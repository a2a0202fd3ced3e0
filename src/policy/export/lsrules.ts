// Rules as a rule group of Little Snitch (.lsrules).
import type { ExportReport } from '#model/exchange/reports.ts';
import { formatPrefix } from '#model/net/address.ts';
import { scopePrefixes } from '#model/net/scope.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { several } from '../accounts.ts';
import { type DestinationCondition, formatPorts, parseDestination } from '../match/destination.ts';
import { compilePattern } from '../match/pattern.ts';
import type { OrderedRule } from '../show/ordered.ts';
import { activeRules, Exported, leaveInactive } from './rules.ts';

type LsRule = Record<string, unknown>;

const actions: Readonly<Partial<Record<string, string>>> = { allow: 'allow', reject: 'deny', drop: 'deny', ask: 'ask' };

export function exportLsrules(ordered: readonly OrderedRule[]): ExportReport {
  const exported = new Exported();
  leaveInactive(ordered, exported);
  const rules: LsRule[] = [];
  const levels = new Set<number>();
  for (const one of activeRules(ordered)) {
    if (one.origin === 'builtin') continue;
    const made = rulesOf(one);
    if (!made.ok) {
      exported.leave(one, made.error);
      continue;
    }
    levels.add(one.priority);
    rules.push(...made.value);
    exported.carry(one);
  }
  if (
    levels.size > 2 ||
    [...levels].filter((level) => level > 0).length > 1 ||
    [...levels].filter((level) => level <= 0).length > 1
  ) {
    exported.trap(
      null,
      `the rules have ${levels.size} priorities, and there are two in .lsrules: above 0 is high, the others are regular`,
    );
  }
  exported.trap(null, 'which of several rules wins is compared in another way there; drop and reject are both deny');
  const text = `${JSON.stringify({ name: 'Postern', description: 'Rules of Postern', rules }, null, 2)}\n`;
  return exported.report('lsrules', [{ name: 'postern.lsrules', text }]);
}

function rulesOf({ rule, priority }: OrderedRule): Result<LsRule[]> {
  const { name, action, app, to, from, port, protocol, direction, note, ...rest } = rule;
  const other = Object.keys(rest).find((key) => !['priority', 'enabled', 'tests', 'log', 'errno'].includes(key));
  if (other !== undefined) return fail(`.lsrules cannot ask for "${other}"`);
  const word = actions[action];
  if (word === undefined) return fail(`.lsrules cannot ${action}`);
  const ways = several(direction ?? 'out');
  const [way] = ways;
  if (ways.length > 1 || (way !== 'out' && way !== 'in'))
    return fail('.lsrules has one direction a rule, outgoing or incoming');
  if ((way === 'out' ? from : to) !== undefined) return fail('.lsrules cannot ask for the own address');
  const programs = programsOf(app);
  if (!programs.ok) return programs;
  const remotes = remotesOf(way === 'out' ? to : from);
  if (!remotes.ok) return remotes;
  const protocols = several(protocol).filter((one) => one !== 'any');
  const ports = several(port).map(String);
  const notes = note === undefined ? name : `${name}: ${note}`;
  const common = {
    action: word,
    direction: way === 'out' ? 'outgoing' : 'incoming',
    priority: priority > 0 ? 'high' : 'regular',
    notes,
  };
  const made: LsRule[] = [];
  for (const process of programs.value) {
    for (const { ports: own, ...remote } of remotes.value) {
      if (own !== undefined && ports.length > 0) return fail('.lsrules cannot ask for a port twice');
      for (const one of own !== undefined ? [own] : ports.length > 0 ? ports : [undefined]) {
        for (const kind of protocols.length > 0 ? protocols : [undefined]) {
          made.push({
            ...{ process, ...common, ...remote },
            ...(one !== undefined && { ports: one }),
            ...(kind !== undefined && { protocol: String(kind) }),
          });
        }
      }
      if (made.length > 10_000) return fail('it would be more than 10,000 rules there');
    }
  }
  return ok(made);
}

function programsOf(app: OrderedRule['rule']['app']): Result<string[]> {
  if (app === undefined) return ok(['any']);
  const found: string[] = [];
  for (const one of several(app)) {
    const path = typeof one === 'string' ? one : Object.keys(one).join() === 'path' ? one.path : undefined;
    if (path === undefined) return fail('.lsrules names programs by their path alone');
    const pattern = compilePattern(path, 'path');
    if (!pattern.ok || pattern.value.type !== 'exact')
      return fail(`.lsrules names programs by one path, and "${path}" is a pattern`);
    found.push(pattern.value.value);
  }
  return ok(found);
}

type Remote = Record<string, string | undefined>;

/** Destinations of one kind and the same ports stand in one rule. */
function remotesOf(destinations: OrderedRule['rule']['to']): Result<Remote[]> {
  if (destinations === undefined) return ok([{ remote: 'any' }]);
  const groups = new Map<string, { key: string; ports: string | undefined; values: string[] }>();
  for (const text of several(destinations)) {
    const parsed = parseDestination(text);
    if (!parsed.ok) return parsed;
    const remote = remoteOf(parsed.value);
    if (remote === undefined) return fail(`.lsrules cannot ask for "${text}"`);
    const ports = parsed.value.ports && formatPorts(parsed.value.ports);
    const [key, values] = remote;
    const group = groups.get(`${key} ${ports}`) ?? { key, ports, values: [] };
    group.values.push(...values);
    groups.set(`${key} ${ports}`, group);
  }
  return ok(
    [...groups.values()].flatMap(({ key, ports, values }): Remote[] =>
      key === 'remote-addresses'
        ? [{ [key]: values.join(', '), ports }]
        : key === 'remote'
          ? values.map((value) => ({ [key]: value, ports }))
          : [{ [key]: values as unknown as string, ports }],
    ),
  );
}

function remoteOf({ place }: DestinationCondition): readonly [string, string[]] | undefined {
  switch (place.type) {
    case 'any':
      return ['remote', ['any']];
    case 'prefix':
      return ['remote-addresses', [formatPrefix(place.prefix)]];
    case 'scope':
      return place.scope === 'internet'
        ? undefined
        : ['remote-addresses', scopePrefixes[place.scope].map(formatPrefix)];
    case 'name':
      // A domain there is the domain with all below it.
      if (place.name.reach === 'below') return undefined;
      return place.name.reach === 'exact'
        ? ['remote-hosts', [place.name.domain]]
        : ['remote-domains', [place.name.domain]];
    default:
      return undefined;
  }
}
