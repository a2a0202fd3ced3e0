// The smallest rules that cover what was seen: names rather than addresses, domains only for several of their names, ports exact.
import { type AttemptJson, attemptFromJson, type NameSource, nameSources } from '#model/attempt.ts';
import type { LearnedPlace, LearnSubject, Proposal } from '#model/learn/learning.ts';
import { formatAddress } from '#model/net/address.ts';
import { hasPorts } from '#model/net/protocol.ts';
import { scopeOf } from '#model/net/scope.ts';
import type { Process } from '#model/process.ts';
import type { AppCondition, Conditions, RuleText } from '#model/rule.ts';
import { freeName } from '#std/freename.ts';
import { namesForRules, recognisableApp } from '../answer.ts';
import { exactPattern } from '../match/pattern.ts';
import { formatRule } from '../show/format.ts';
import { nameable } from '../show/words.ts';

/** Connections that agree in all of this. */
export interface Observed {
  readonly attempt: AttemptJson;
  /** Of the process; null where it has none that is known. */
  readonly user: string | null;
  readonly times: number;
  /** Milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
}

export interface Proposed {
  readonly proposals: readonly Proposal[];
  readonly unsaid: readonly { readonly text: string; readonly times: number }[];
}

export interface ProposeContext {
  /** Whom it is about. Where it says no program (all, a unit, a user …), each program of it gets rules of its own. */
  readonly subject: LearnSubject;
  /** The rules are for whatever is called so, and name no program. */
  readonly whole?: string | undefined;
  /** The registered domain of a name; undefined where it has none. */
  readonly domainOf: (name: string) => string | undefined;
  /** Names of rules that there are. */
  readonly taken: ReadonlySet<string>;
}

/** Names of one registered domain from which on the domain stands for them. */
const namesOfDomain = 3;
/** Callers of one scope from which on the scope stands for them: who calls is seldom known beforehand. */
const callersOfScope = 3;
/** Destinations of one rule, as the schema has it. */
const maxPlaces = 4096;
const maxSeen = 20;

interface Place {
  readonly text: string;
  readonly evidence: NameSource | null;
  readonly seen: Map<string, number>;
  times: number;
  first: number;
  last: number;
}

/** One app, one way, one protocol and port. */
interface Service {
  readonly conditions: Conditions;
  readonly label: string;
  readonly incoming: boolean;
  readonly protocol: string | number;
  readonly port: number | undefined;
  readonly icmpType: number | undefined;
  readonly places: Map<string, Place>;
}

/** Rules come with the most used first; the result is the same for the same observations in any order. */
export function proposeRules(observed: readonly Observed[], context: ProposeContext): Proposed {
  const services = new Map<string, Service>();
  const unsaid = new Map<string, number>();
  for (const one of observed) {
    const who = context.whole === undefined ? whose(one, context.subject) : { conditions: {}, label: context.whole };
    if (typeof who === 'string') unsaid.set(who, (unsaid.get(who) ?? 0) + one.times);
    else note(services, one, who);
  }
  const gathered = [...services.values()].map((service) => ({
    ...service,
    places: service.incoming ? callers(service.places) : domains(service.places, context.domainOf),
  }));
  const proposals = merged(gathered).flatMap(rulesOf);
  const key = ({ rule }: Proposal) => JSON.stringify(rule);
  proposals.sort((a, b) => b.times - a.times || (key(a) < key(b) ? -1 : 1));
  return {
    proposals: withNewNames(proposals, context.taken),
    unsaid: [...unsaid].map(([text, times]) => ({ text, times })),
  };
}

/** The conditions on the program, and what to call it; a sentence where no rule can say who it is. */
function whose({ attempt, user }: Observed, subject: LearnSubject): { conditions: Conditions; label: string } | string {
  const { process } = attemptFromJson(attempt);
  const group = groupOf(subject, process);
  if (group === undefined) return { conditions: subject, label: labelOf(subject) };
  if (process === undefined) return 'The program is not known.';
  const app = recognisableApp(process);
  if (!app.ok) return app.error;
  const { condition } = app.value;
  const own = typeof condition === 'string' ? { path: condition } : condition;
  const within = group.unit === undefined ? condition : { unit: group.unit, ...own };
  const anybody = Object.keys(subject).length === 0 && process.uid !== undefined;
  const conditions = { ...subject, app: within, ...(anybody && { user: user ?? process.uid }) };
  return { conditions, label: labelOf({ app: condition }) };
}

/** What the subject says of programs without naming one: a unit, or nothing. Another program in it is not what was seen. */
function groupOf({ app, args }: LearnSubject, process: Process | undefined): { readonly unit?: string } | undefined {
  if (app === undefined) return args === undefined ? {} : undefined;
  const units = [app]
    .flat()
    .map((one) => (typeof one === 'object' && Object.keys(one).length === 1 ? one.unit : undefined));
  const [first, ...others] = units;
  if (first === undefined || units.includes(undefined)) return undefined;
  if (others.length === 0) return { unit: first };
  return typeof process?.unit === 'string' ? { unit: exactPattern(process.unit) } : undefined;
}

function labelOf({ app, ancestor, user, cgroup }: Conditions): string {
  const [first] = [app ?? []].flat();
  const [parent] = [ancestor ?? []].flat();
  const said = first === undefined ? (parent ?? cgroup ?? user ?? 'programs') : appName(first);
  const text = String(said);
  return text.slice(text.lastIndexOf('/') + 1) || 'programs';
}

function appName(app: AppCondition): string {
  if (typeof app === 'string') return app;
  const { script, unit, flatpak, snap, appimage, container, path, kernel, pid, sha256 } = app;
  const package_ = app.package;
  const said = script ?? unit ?? flatpak ?? snap ?? appimage ?? package_ ?? path ?? container?.slice(0, 12);
  return said ?? (kernel ? 'kernel' : pid === undefined ? `sha256 ${sha256?.slice(0, 12)}` : `process ${pid}`);
}

function note(services: Map<string, Service>, one: Observed, who: { conditions: Conditions; label: string }): void {
  const { flow } = attemptFromJson(one.attempt);
  const incoming = flow.direction === 'in';
  const port = incoming ? (flow.local?.port ?? 0) : flow.remote.port;
  const protocol = flow.protocol === 'raw' ? flow.protocolNumber : flow.protocol;
  const withPort = hasPorts(flow.protocol) && port !== 0 ? port : undefined;
  const icmpType = /^icmp/.test(flow.protocol) ? flow.icmp?.type : undefined;
  const key = JSON.stringify([who.conditions, flow.direction, protocol, withPort, icmpType]);
  const service = services.get(key) ?? {
    ...who,
    conditions: {
      ...who.conditions,
      // Of what is forwarded for a program both sides are judged.
      ...(incoming && { direction: flow.direction }),
      ...(flow.direction === 'forward' && { direction: ['out', 'forward'] as ('out' | 'forward')[] }),
    },
    incoming,
    protocol,
    port: withPort,
    icmpType,
    places: new Map<string, Place>(),
  };
  services.set(key, service);
  const best = bestName(one.attempt);
  const text = best?.name ?? formatAddress(flow.remote.address);
  add(service.places, { ...one, text, evidence: best?.from ?? null, seen: new Map([[text, one.times]]) });
}

/** What says most certainly where this very connection goes; of several the newest. */
function bestName(attempt: AttemptJson) {
  const rank = (from: NameSource) => nameSources.indexOf(from);
  return namesForRules(attempt).reduce<{ name: string; from: NameSource } | undefined>(
    (best, name) => (best === undefined || rank(name.from) > rank(best.from) ? name : best),
    undefined,
  );
}

function add(places: Map<string, Place>, { text, evidence, seen, times, first, last }: Place): void {
  const known = places.get(text);
  if (known === undefined) {
    places.set(text, { text, evidence, seen: new Map(seen), times, first, last });
    return;
  }
  known.times += times;
  known.first = Math.min(known.first, first);
  known.last = Math.max(known.last, last);
  for (const [one, count] of seen) known.seen.set(one, (known.seen.get(one) ?? 0) + count);
  const rank = (from: NameSource | null) => (from === null ? -1 : nameSources.indexOf(from));
  if (rank(evidence) > rank(known.evidence)) places.set(text, { ...known, evidence });
}

/** A registered domain in the place of its names, where there are several. */
function domains(places: Map<string, Place>, domainOf: ProposeContext['domainOf']): Map<string, Place> {
  const wider = (place: Place) => {
    const domain = place.evidence === null ? undefined : domainOf(place.text);
    return domain === undefined ? undefined : `.${domain}`;
  };
  return gathered(places, wider, namesOfDomain);
}

function callers(places: Map<string, Place>): Map<string, Place> {
  const wider = ({ text }: Place) => {
    const { flow } = attemptFromJson({ flow: { protocol: 'tcp', remote: { address: text } } });
    return scopeOf(flow.remote.address);
  };
  return gathered(places, wider, callersOfScope);
}

function gathered(
  places: Map<string, Place>,
  wider: (place: Place) => string | undefined,
  from: number,
): Map<string, Place> {
  const counts = new Map<string, number>();
  for (const place of places.values()) {
    const key = wider(place);
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const out = new Map<string, Place>();
  for (const place of places.values()) {
    const key = wider(place);
    const stands = key !== undefined && (counts.get(key) ?? 0) >= from;
    add(out, stands ? { ...place, text: key } : place);
  }
  return out;
}

type Group = { readonly services: readonly Service[] };

/** Services of one app and protocol that reach the same places are one rule with several ports. */
function merged(services: readonly Service[]): Group[] {
  const groups = new Map<string, Service[]>();
  for (const service of services) {
    const { conditions, protocol, port, icmpType } = service;
    const places = [...service.places.keys()].sort();
    const key = JSON.stringify([conditions, protocol, port === undefined ? 'none' : 'port', icmpType, places]);
    groups.set(key, [...(groups.get(key) ?? []), service]);
  }
  return [...groups.values()].map((found) => ({
    services: found.sort((a, b) => (a.port ?? 0) - (b.port ?? 0)),
  }));
}

function rulesOf({ services }: Group): Proposal[] {
  const [first] = services;
  if (first === undefined) return [];
  const places = new Map<string, Place>();
  for (const service of services) for (const place of service.places.values()) add(places, place);
  const ordered = [...places.values()].sort((a, b) => b.times - a.times || (a.text < b.text ? -1 : 1));
  const ports = services.flatMap(({ port }) => port ?? []);
  const suffix = first.port === undefined ? '' : '/';
  const names =
    ports.length === 0 ? [String(first.protocol)] : ports.map((port) => `${port}${suffix}${first.protocol}`);
  const out: Proposal[] = [];
  for (let at = 0; at < ordered.length; at += maxPlaces) {
    const part = ordered.slice(at, at + maxPlaces);
    const rule: RuleText = {
      name: nameOf(first, part, names),
      action: 'allow',
      ...first.conditions,
      [first.incoming ? 'from' : 'to']: oneOrAll(part.map(({ text }) => text)),
      protocol: first.protocol as never,
      ...(first.icmpType !== undefined && { 'icmp-type': first.icmpType }),
      ...(ports.length > 0 && { port: oneOrAll(ports) }),
    };
    const shown = part.map((place) => learnedPlace(place, names));
    out.push({ rule, text: formatRule(rule), places: shown, times: part.reduce((sum, { times }) => sum + times, 0) });
  }
  return out;
}

function oneOrAll<T>(values: readonly T[]): T | T[] {
  return values.length === 1 ? (values[0] as T) : [...values];
}

function learnedPlace({ text, evidence, seen, times, first, last }: Place, services: string[]): LearnedPlace {
  const most = [...seen].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return {
    place: text,
    services,
    evidence,
    seen: most.slice(0, maxSeen).map(([one, count]) => ({ text: one, times: count })),
    of: seen.size,
    times,
    first,
    last,
  };
}

/** Within what names may have. */
function nameOf({ label, incoming }: Service, places: readonly Place[], services: readonly string[]): string {
  const more = places.length > 1 ? ` and ${places.length - 1} more` : '';
  const place = nameable(places[0]?.text.slice(-40) ?? 'anywhere', 40);
  const said = `${nameable(label, 30)} ${incoming ? 'from' : 'to'} ${place}${more} ${nameable(services[0] ?? '', 12)}`;
  return said.replace(/^[^\p{L}\p{N}]+/u, '') || 'learned';
}

function withNewNames(proposals: readonly Proposal[], there: ReadonlySet<string>): Proposal[] {
  const taken = new Set(there);
  return proposals.map((proposal) => {
    const name = freeName(proposal.rule.name, taken);
    taken.add(name);
    return { ...proposal, rule: { ...proposal.rule, name } };
  });
}
