// Little Snitch's .lsrules: a group of rules as JSON, or a block list.
import { formatPrefix } from '#model/net/address.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { escapeText } from '#std/text.ts';
import { exactPattern } from '../../match/pattern.ts';
import { rangePrefixes } from '../addressrange.ts';
import { type Body, Collection, type ImportedRules, type TextFile } from '../collection.ts';
import { oneOrMany } from '../ranges.ts';
import { isObject, type Json, parseJson, prefixes, texts } from './fields.ts';

const priorities: Readonly<Record<string, number>> = { regular: 0, default: 0, high: 100 };
const actions = new Map([
  ['allow', 'allow'],
  ['deny', 'reject'],
  ['ask', 'ask'],
] as const);

/** As many destinations as a rule may have. */
const chunk = 4096;

const known = new Set([
  ...['process', 'action', 'direction', 'priority', 'disabled', 'ports', 'protocol', 'notes', 'owner', 'creationDate'],
  ...['modificationDate', 'remote', 'remote-hosts', 'remote-domains', 'remote-addresses', 'origin', 'help', 'approved'],
]);

export function importLsrules({ files }: { readonly files: readonly TextFile[] }): ImportedRules {
  const collection = new Collection('lsrules');
  let some = false;
  for (const { name, text } of files) {
    const json = parseJson(text);
    if (!json.ok) {
      collection.leave(name, json.error);
      continue;
    }
    some = true;
    const group = typeof json.value.name === 'string' ? json.value.name : 'lsrules';
    const { rules = [] } = json.value;
    if (!Array.isArray(rules)) collection.leave(`${name}: rules`, '"rules" is no list');
    for (const [index, rule] of (Array.isArray(rules) ? rules : []).entries()) {
      takeRule(rule, `${name}: rule ${index + 1}`, `${group} ${index + 1}`, collection);
    }
    takeDenied(json.value, name, group, collection);
  }
  if (some) {
    collection.trap(
      null,
      'which of several rules wins is compared in another way there; here it is the higher priority, the more specific program, the more specific destination, and then the refusal: look at rules that overlap with postern rules',
    );
  }
  return collection.finish();
}

function takeRule(rule: unknown, from: string, name: string, collection: Collection): void {
  const made = isObject(rule) ? ruleOf(rule) : fail('it is no JSON object');
  if (!made.ok) {
    collection.leave(from, made.error);
    return;
  }
  const { body, action, priority } = made.value;
  collection.add({ from, name, action, priority, final: true, bodies: [body] });
}

interface Made {
  readonly body: Body;
  readonly action: 'allow' | 'reject' | 'ask';
  readonly priority: number;
}

function ruleOf(rule: Json): Result<Made> {
  const unknown = Object.keys(rule).find((key) => !known.has(key));
  if (unknown === 'via') return fail('"via" names the program behind another; write it as ancestor if that started it');
  if (unknown !== undefined) return fail(`"${unknown}" has no counterpart in rules`);
  const action = actions.get((rule.action ?? 'ask') as 'allow');
  if (action === undefined) return fail(`the action "${String(rule.action)}" is none of allow, deny and ask`);
  const word = String(rule.priority ?? 'regular');
  const priority = Object.hasOwn(priorities, word) ? priorities[word] : undefined;
  if (priority === undefined) return fail(`the priority "${word}" is neither regular nor high`);
  if (rule.owner !== undefined && rule.owner !== 'any')
    return fail(`owner "${String(rule.owner)}": write user: with the name that it has here`);
  const incoming = rule.direction === 'incoming';
  if (!incoming && rule.direction !== undefined && rule.direction !== 'outgoing') {
    return fail(`the direction "${String(rule.direction)}" is neither incoming nor outgoing`);
  }
  const app = programOf(rule.process);
  if (!app.ok) return app;
  const remote = remoteOf(rule);
  if (!remote.ok) return remote;
  const protocol = protocolOf(rule.protocol);
  if (!protocol.ok) return protocol;
  const ports = portsOf(rule.ports);
  if (!ports.ok) return ports;
  if (incoming && remote.value?.some((place) => /^[.*]|[a-z]\./i.test(place) && !place.includes(':'))) {
    return fail('names of what comes in are not known, so that no rule may ask for them');
  }
  const note = typeof rule.notes === 'string' ? escapeText(rule.notes).slice(0, 1000) : '';
  const body = {
    ...(rule.disabled === true && { enabled: false }),
    ...(note !== '' && { note }),
    ...(app.value !== undefined && { app: app.value }),
    ...(incoming && { direction: 'in' as const }),
    ...(remote.value !== undefined && { [incoming ? 'from' : 'to']: oneOrMany(remote.value) }),
    ...(ports.value !== undefined && { port: oneOrMany(ports.value) }),
    ...(protocol.value !== undefined && { protocol: protocol.value }),
  };
  return ok({ body: body as Body, action, priority });
}

function programOf(process: unknown): Result<string | undefined> {
  if (process === undefined || process === 'any') return ok(undefined);
  if (typeof process !== 'string') return fail('"process" is no text');
  if (process.startsWith('identifier.'))
    return fail(`"${process}" is a program by who signed it; name it by its path or package`);
  if (!process.startsWith('/')) return fail(`"${process}" is no path of a program`);
  return ok(exactPattern(process));
}

const remotes: Readonly<Record<string, readonly string[] | undefined>> = {
  any: undefined,
  'local-net': ['lan'],
  multicast: ['multicast'],
  broadcast: ['255.255.255.255'],
};

function remoteOf(rule: Json): Result<readonly string[] | undefined> {
  const given = ['remote', 'remote-hosts', 'remote-domains', 'remote-addresses'].filter(
    (key) => rule[key] !== undefined,
  );
  if (given.length > 1) return fail(`it names destinations by ${given.join(' and ')}; make a rule for each`);
  const [key] = given;
  if (key === undefined) return ok(undefined);
  const value = rule[key];
  if (key === 'remote') {
    const word = String(value);
    if (Object.hasOwn(remotes, word)) return ok(remotes[word]);
    return fail(`the destination "${word}" has no counterpart in rules`);
  }
  const all = texts(value);
  if (!all.ok) return fail(`"${key}" ${all.error}`);
  if (all.value === undefined || all.value.length === 0) return fail(`"${key}" is empty, which nothing fulfils`);
  return places(key, all.value);
}

function places(key: string, values: readonly string[]): Result<readonly string[]> {
  const found: string[] = [];
  for (const value of values) {
    if (key === 'remote-addresses') {
      const some = value.includes('-') ? rangePrefixes(value) : prefixes(value);
      if (!some.ok) return some;
      found.push(...[some.value].flat().map(formatPrefix));
    } else if (!/^[^\s:/*]+\.[^\s:/*]+$/.test(value)) return fail(`"${value}" is no host name that a rule can ask for`);
    else found.push(key === 'remote-domains' ? `.${value.replace(/^\.+/, '')}` : value);
  }
  return ok(found);
}

function protocolOf(value: unknown): Result<string | number | undefined> {
  if (value === undefined || value === 'any') return ok(undefined);
  const text = String(value).toLowerCase();
  if (/^(tcp|udp|icmp|icmpv6|sctp)$/.test(text)) return ok(text);
  return /^\d{1,3}$/.test(text) && Number(text) <= 255
    ? ok(Number(text))
    : fail(`the protocol "${text}" is not known here`);
}

function portsOf(value: unknown): Result<readonly (string | number)[] | undefined> {
  if (value === undefined || value === 'any') return ok(undefined);
  const all = texts(typeof value === 'number' ? String(value) : value);
  if (!all.ok) return fail(`"ports" ${all.error}`);
  const found: (string | number)[] = [];
  for (const text of all.value ?? []) {
    if (!/^\d{1,5}(\s*-\s*\d{1,5})?$/.test(text)) return fail(`"${text}" is no port and no range of ports`);
    found.push(/^\d+$/.test(text) ? Number(text) : text.replace(/\s/g, ''));
  }
  return found.length === 0 ? fail('"ports" is empty, which nothing fulfils') : ok(found);
}

/** The short form for block lists; one entry that is wrong costs only itself. */
function takeDenied(json: Json, file: string, group: string, collection: Collection): void {
  for (const key of ['remote-domains', 'remote-hosts', 'remote-addresses']) {
    const value = json[`denied-${key}`];
    if (value === undefined) continue;
    const from = `${file}: denied-${key}`;
    if (!Array.isArray(value)) {
      collection.leave(from, 'it is no list');
      continue;
    }
    const good: string[] = [];
    for (const item of value) {
      const place = typeof item === 'string' ? places(key, [item.trim()]) : fail('it is no text');
      if (place.ok) good.push(...place.value);
      else collection.leave(`${from}: ${String(item).slice(0, 80)}`, place.error);
    }
    for (let at = 0; at < good.length; at += chunk) {
      const name = `${group} ${key}${at === 0 ? '' : ` ${at / chunk + 1}`}`;
      const bodies = [{ to: oneOrMany(good.slice(at, at + chunk)) }];
      collection.add({ from, name, action: 'reject', priority: priorities.regular, final: true, bodies });
    }
  }
}
