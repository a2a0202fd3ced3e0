// The reference: DESIGN section 4 in plain words, one rule after the other, with no index. The indexed policy is tested against it.
import type { Attempt } from '#model/attempt.ts';
import type { Direction, Endpoint, Flow } from '#model/flow.ts';
import type { Accounts } from '#model/messages.ts';
import { prefixHolds } from '#model/net/address.ts';
import type { Whereabouts } from '#model/net/network.ts';
import { hasPorts } from '#model/net/protocol.ts';
import { scopeOf } from '#model/net/scope.ts';
import type { AppCondition, RuleRecord, RuleText } from '#model/rule.ts';
import { resolveAccounts, several } from './accounts.ts';
import { parseDestination } from './match/destination.ts';
import { nameMatches } from './match/name.ts';
import { cgroupMatches, compilePattern, patternMatches } from './match/pattern.ts';
import { noPlaces, type Places } from './match/places.ts';
import { type CompileContext, modeAction } from './policy.ts';

type AppKeys = Exclude<AppCondition, string>;
type Rank = readonly (number | string)[];
type Pair = { readonly record: RuleRecord; readonly rule: RuleText; readonly rank: Rank };

export function referenceDecide(
  records: readonly RuleRecord[],
  context: CompileContext,
  attempt: Attempt,
  now: number,
) {
  const matching = records
    .filter(({ rule }) => rule.enabled !== false && context.disabled?.has(rule.name) !== true)
    .filter((record) => (record.expires ?? Infinity) > now)
    .flatMap((record) => pairs(record, attempt.flow.direction))
    .filter(({ rule }) => isThere(rule, context.where) && matches(rule, attempt, context.accounts, context.places))
    .sort((a, b) => compare(a.rank, b.rank));
  const deciding = matching.filter(({ rule }) => rule.action !== 'log');
  const own = deciding.find(({ record }) => record.origin !== 'answer');
  const answer = deciding.find(({ record }) => record.origin === 'answer');
  const winner = answer !== undefined && answerWins(answer, own) ? answer : own;
  const logs = matching.filter(({ rule }) => rule.action === 'log').map(({ rule }) => rule.name);
  const names = [...new Set(logs)].sort();
  if (winner === undefined) return { action: modeAction(context.mode), rule: null, logged: names };
  const { name, action, log } = winner.rule;
  return { action, rule: name, logged: log === true ? [...names, name] : names };
}

/** An answer decides where nothing else does, where the first rule asks, and before a built-in rule that comes after it. */
function answerWins(answer: Pair, own: Pair | undefined): boolean {
  if (own === undefined || own.rule.action === 'ask') return true;
  return own.record.origin === 'builtin' && compare(answer.rank, own.rank) < 0;
}

/** A rule with several apps or destinations is the same as one rule for each pair. */
function pairs(record: RuleRecord, direction: Direction): Pair[] {
  const each = <T>(value: T | T[] | undefined) => (value === undefined ? [undefined] : several(value));
  const { rule } = record;
  if (!several<string>(rule.direction ?? 'out').includes(direction)) return [];
  const texts = each(rule.app).flatMap((app) =>
    each(rule.to).flatMap((to) => each(rule.from).map((from) => ({ ...rule, app, to, from }) as RuleText)),
  );
  return texts.map((one) => ({ record, rule: one, rank: rankOf(record, one, direction) }));
}

const ofFlow = ['port', 'interface', 'network', 'icmp-type', 'profile', 'known-network'] as const;
const ofProcess = ['user', 'group', 'supplementary-group', 'ancestor', 'args', 'label', 'cgroup', 'seeded'] as const;

/** Smaller comes first, item by item. */
function rankOf(record: RuleRecord, rule: RuleText, direction: Direction): Rank {
  const ends = (direction === 'in' ? [rule.from, rule.to] : [rule.to, rule.from]) as (string | undefined)[];
  const app = appRank(rule.app as AppCondition | undefined, rule.ancestor !== undefined);
  let count = [...ofFlow, ...ofProcess].filter((key) => rule[key] !== undefined).length + app.extra;
  if (rule['name-from'] !== undefined) count++;
  if (rule.protocol !== undefined && !several<unknown>(rule.protocol).includes('any')) count++;
  count += ends.filter((end) => placeOf(end)?.ports !== undefined).length;
  const strictness = ['drop', 'reject', 'ask', 'allow', 'log'].indexOf(rule.action);
  return [-priorityOf(record), -app.rank, ...ends.map((end) => -placeRank(end)), -count, strictness, rule.name];
}

function priorityOf({ rule, origin }: RuleRecord): number {
  const subject = rule.user ?? rule.group ?? rule['supplementary-group'] ?? rule.cgroup ?? rule.seeded;
  const program = rule.app ?? rule.ancestor ?? rule.args ?? rule.label;
  const ofPlaces = [rule.to, rule.from].some(
    (end) => end !== undefined && several(end).every((text) => /^(list|country|as):/.test(text)),
  );
  const fence = /reject|drop/.test(rule.action) && (ofPlaces || (subject !== undefined && program === undefined));
  const priority = rule.priority ?? (origin === 'builtin' ? -10 : fence ? 10 : 0);
  return origin === 'answer' ? Math.min(priority, 0) : priority;
}

function appRank(app: AppCondition | undefined, ancestor: boolean): { rank: number; extra: number } {
  const { pid, startTime: _, kernel, ...named } = (typeof app === 'string' ? { path: app } : (app ?? {})) as AppKeys;
  const ranks = Object.entries(named).map(([key, value]) => {
    const pattern = compilePattern(`${value}`, 'path');
    const exact = pattern.ok && pattern.value.type === 'exact' ? 0.5 : 0;
    return exact + ({ sha256: 7, script: 6, path: exact ? 5 : 2, package: 3 }[key] ?? 4);
  });
  if (kernel) ranks.push(4.5);
  if (pid !== undefined) ranks.push(8);
  return { rank: Math.max(...ranks, ancestor ? 1 : 0), extra: Math.max(ranks.length - 1, 0) };
}

function placeOf(text = 'any') {
  const place = parseDestination(text);
  return place.ok ? place.value : undefined;
}

function placeRank(text: string | undefined): number {
  const place = placeOf(text)?.place;
  if (place?.type === 'name') {
    const depth = place.name.domain.split('.').length;
    return place.name.reach === 'exact' ? 1000 : 300 + depth * 2 + (place.name.reach === 'below' ? 1 : 0);
  }
  if (place?.type !== 'prefix') return ['any', 'scope', 'country', 'as', 'list'].indexOf(place?.type ?? 'any');
  return place.prefix.length === (place.prefix.address.family === 4 ? 32 : 128) ? 1000 : 10 + place.prefix.length;
}

function compare(a: Rank, b: Rank): number {
  const at = a.findIndex((item, index) => item !== b[index]);
  return at < 0 ? 0 : (a[at] as number) < (b[at] as number) ? -1 : 1;
}

/** Whether the machine is on a network that the rule asks for. */
function isThere(rule: RuleText, { network, profile }: Whereabouts = {}): boolean {
  const named = rule['known-network'] === undefined || several(rule['known-network']).some((name) => name === network);
  const holds = text(profile);
  return named && (rule.profile === undefined || several(rule.profile).some((wanted) => holds?.(wanted) === true));
}

/** Every line that the rule has must hold, by one of its values; what is not known fulfils none. */
function matches(rule: RuleText, attempt: Attempt, { users, groups }: Accounts, places = noPlaces): boolean {
  const { process = {}, flow } = attempt;
  const [to, from] = flow.direction === 'in' ? [flow.local, flow.remote] : [flow.remote, flow.local];
  const app = (typeof rule.app === 'string' ? { path: rule.app } : (rule.app ?? {})) as AppKeys;
  const number = flow.protocol === 'packet' ? undefined : flow.protocolNumber;
  const ancestors = process.ancestors?.filter((name) => name !== '').map((name) => text(name, 'path'));
  const lines: [wanted: unknown, holds: ((wanted: never) => boolean) | undefined][] = [
    [app.path, text(process.exe, 'path')],
    [app.script, text(process.script, 'path')],
    [app.sha256?.toLowerCase(), text(process.sha256)],
    [app.package, text(process.package)],
    [app.unit, text(process.unit)],
    [app.flatpak, text(process.flatpak)],
    [app.snap, text(process.snap)],
    [app.appimage, text(process.appimage, 'path')],
    [app.container, text(process.container)],
    [app.kernel, () => process.kernel === true],
    [app.pid, (pid: number) => pid === process.pid && app.startTime === process.startTime],
    [rule.ancestor, (wanted: string) => ancestors?.some((holds) => holds?.(wanted)) === true],
    [rule.args, text(process.args?.join(' '))],
    [rule.label, text(process.label)],
    [rule.seeded, () => process.seeded === true],
    [rule.interface, text(flow.interface)],
    [rule.cgroup, text(process.cgroup, 'cgroup')],
    [rule.user, (id: string) => isOneOf(id, users, [process.uid])],
    [rule.group, (id: string) => isOneOf(id, groups, [process.gid])],
    [rule['supplementary-group'], (id: string) => isOneOf(id, groups, process.groups ?? [])],
    [rule.protocol, (name: string | number) => name === 'any' || name === flow.protocol || name === number],
    [rule['icmp-type'], (type: number) => /^icmp/.test(flow.protocol) && type === flow.icmp?.type],
    [rule.port, (port: number) => placeHolds(`any:${port}`, to, flow)],
    [rule.network, (prefix: string) => placeHolds(prefix, flow.local, flow)],
    [rule.to, (place: string) => placeHolds(place, to, flow) || farPlaceHolds(place, to, rule, attempt, places)],
    [rule.from, (place: string) => placeHolds(place, from, flow) || farPlaceHolds(place, from, rule, attempt, places)],
  ];
  return lines.every(([wanted, holds]) => wanted === undefined || several(wanted as never).some((one) => holds?.(one)));
}

function text(value: string | null | undefined, kind: 'path' | 'plain' | 'cgroup' = 'plain') {
  if (typeof value !== 'string') return undefined;
  return (wanted: string) => {
    const pattern = compilePattern(wanted, kind === 'path' ? 'path' : 'plain');
    return pattern.ok && (kind === 'cgroup' ? cgroupMatches : patternMatches)(pattern.value, value);
  };
}

function isOneOf(id: string, table: Accounts['users'], has: readonly (number | undefined)[]): boolean {
  const resolved = resolveAccounts([id], table);
  return resolved.ok && has.some((one) => one !== undefined && resolved.value.ids.has(one));
}

function placeHolds(text: string, end: Endpoint | undefined, { protocol }: Flow): boolean {
  const { place, ports: [low, high] = [-1, -1] } = placeOf(text) ?? {};
  const port = hasPorts(protocol) ? (end?.port ?? 0) : 0;
  if (place === undefined || (low > 0 && (port === 0 || port < low || high < port))) return false;
  if (place.type === 'any' || end === undefined) return place.type === 'any';
  if (place.type !== 'scope' && place.type !== 'prefix') return false;
  return place.type === 'scope' ? scopeOf(end.address) === place.scope : prefixHolds(place.prefix, end.address);
}

/** Names, lists, countries and network numbers, with the ports that stand behind them. */
function farPlaceHolds(text: string, end: Endpoint | undefined, rule: RuleText, attempt: Attempt, places: Places) {
  const { place, ports } = placeOf(text) ?? {};
  const { address } = attempt.flow.remote;
  if (place === undefined || end === undefined) return false;
  if (ports !== undefined && !placeHolds(`any:${ports[0]}-${ports[1]}`, end, attempt.flow)) return false;
  const wanted = rule['name-from'];
  const names = attempt.names.filter(({ from }) => wanted === undefined || several(wanted).includes(from));
  if (place.type === 'name') return names.some(({ name }) => nameMatches(place.name, name));
  if (place.type === 'country') return places.country(address) === place.country;
  if (place.type === 'as') return places.network(address) === place.number;
  const list = place.type === 'list' ? places.listNumber(place.list) : undefined;
  if (list === undefined) return false;
  return (
    names.some(({ name }) => places.listHasName(list, name)) ||
    (wanted === undefined && places.listHasAddress(list, address))
  );
}
