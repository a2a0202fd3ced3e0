// Portmaster: profiles of programs and global settings as JSON, with their lists of endpoints in order.
import { formatPrefix } from '#model/net/address.ts';
import type { Action } from '#model/rule.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { exactPattern } from '../../match/pattern.ts';
import { type Body, Collection, type ImportedRules, type TextFile } from '../collection.ts';
import { oneOrMany } from '../ranges.ts';
import { isObject, type Json, parseJson, prefixes } from './fields.ts';

interface Profile {
  readonly from: string;
  readonly name: string;
  /** Whose endpoints these are; one empty body: everybody's. */
  readonly programs: readonly Body[];
  readonly config: Json;
}

/** What is asked in this order: the program's own lists, the global ones, then the default of each. */
export function importPortmaster({ files }: { readonly files: readonly TextFile[] }): ImportedRules {
  const collection = new Collection('portmaster');
  const profiles: Profile[] = [];
  const globals: Profile[] = [];
  for (const { name, text } of files) {
    const json = parseJson(text);
    if (!json.ok) {
      collection.leave(name, json.error);
      continue;
    }
    const { profiles: several } = json.value;
    for (const [index, one] of (Array.isArray(several) ? several : [json.value]).entries()) {
      const from = Array.isArray(several) ? `${name}: profile ${index + 1}` : name;
      const read = isObject(one) ? profileOf(one, from) : fail('it is no JSON object');
      if (!read.ok) collection.leave(from, read.error);
      else (read.value.programs.length === 0 ? globals : profiles).push(read.value);
    }
  }
  for (const profile of [...profiles, ...globals]) takeEndpoints(profile, collection);
  for (const profile of [...profiles, ...globals]) takeDefault(profile, collection);
  return collection.finish();
}

/** The value under this key in any case. */
function field(json: Json, key: string): unknown {
  return Object.entries(json).find(([name]) => name.toLowerCase() === key)?.[1];
}

function profileOf(json: Json, from: string): Result<Profile> {
  const config = field(json, 'config');
  if (!isObject(config)) return fail('it has no "config" with settings');
  const name = field(json, 'name');
  const fingerprints = field(json, 'fingerprints') ?? [];
  if (!Array.isArray(fingerprints)) return fail('"fingerprints" is no list');
  const programs: Body[] = [];
  for (const one of fingerprints) {
    const program = isObject(one) ? programOf(one) : fail('a fingerprint is no JSON object');
    if (!program.ok) return program;
    programs.push(program.value);
  }
  const path = field(json, 'linkedpath');
  if (programs.length === 0 && typeof path === 'string' && path !== '') programs.push({ app: exactPattern(path) });
  if (programs.length === 0 && field(json, 'type') === 'profile')
    return fail("it has no fingerprints, so that it is nobody's");
  return ok({ from, name: typeof name === 'string' && name !== '' ? name : 'portmaster', programs, config });
}

function programOf(fingerprint: Json): Result<Body> {
  const [type, operation, value] = ['type', 'operation', 'value'].map((key) => field(fingerprint, key));
  if (typeof value !== 'string' || value === '') return fail('a fingerprint has no value');
  const quoted = value.replace(/[\\^$.*+?()[\]{}|~]/g, '\\$&');
  const pattern =
    operation === 'equals'
      ? exactPattern(value)
      : operation === 'prefix'
        ? `~^${quoted}`
        : operation === 'regex'
          ? `~${value}`
          : undefined;
  if (pattern === undefined) return fail(`the fingerprint's operation "${String(operation)}" is not known`);
  if (type === 'path') return ok({ app: pattern });
  if (type === 'cmdline') return ok({ args: pattern });
  return fail(`a fingerprint by ${String(type)} has no counterpart in rules; name the program by its path`);
}

/** `filter/endpoints`, also as `filter: { endpoints }`. */
function setting(config: Json, path: string): unknown {
  if (Object.hasOwn(config, path)) return config[path];
  let value: unknown = config;
  for (const part of path.split('/')) value = isObject(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  return value;
}

function takeEndpoints({ from, name, programs, config }: Profile, collection: Collection): void {
  for (const [key, direction] of [
    ['filter/endpoints', 'out'],
    ['filter/serviceEndpoints', 'in'],
  ] as const) {
    const list = setting(config, key) ?? [];
    if (!Array.isArray(list)) {
      collection.leave(`${from}: ${key}`, 'it is no list');
      continue;
    }
    for (const [index, item] of list.entries()) {
      const place = `${from}: ${key} ${index + 1}`;
      const made = typeof item === 'string' ? endpointOf(item, direction) : fail('it is no text');
      if (!made.ok) {
        collection.leave(place, made.error);
        continue;
      }
      for (const trap of made.value.traps) collection.trap(place, trap);
      const bodies = (programs.length === 0 ? [{}] : programs).map((program) => ({ ...program, ...made.value.body }));
      const refused = direction === 'out' ? 'reject' : 'drop';
      collection.add({
        from: place,
        name: `${name} ${direction} ${index + 1}`,
        action: made.value.permitted ? 'allow' : refused,
        final: true,
        bodies,
      });
    }
  }
  for (const key of otherSettings(config)) {
    collection.leave(`${from}: ${key}`, 'it is no list of endpoints; rules say who may talk to whom, one by one');
  }
}

const read = new Set(['filter/endpoints', 'filter/serviceEndpoints', 'filter/defaultAction']);

/** What else of the filter is set. */
function otherSettings(config: Json): string[] {
  const inner = isObject(config.filter) ? Object.keys(config.filter).map((key) => `filter/${key}`) : [];
  const all = [...Object.keys(config).filter((key) => key.startsWith('filter/')), ...inner];
  return all.filter((key) => !read.has(key));
}

function takeDefault({ from, name, programs, config }: Profile, collection: Collection): void {
  const value = setting(config, 'filter/defaultAction');
  if (value === undefined) return;
  const actions: Readonly<Record<string, Action>> = { permit: 'allow', ask: 'ask', block: 'reject' };
  const word = String(value);
  const action = Object.hasOwn(actions, word) ? actions[word] : undefined;
  if (action === undefined) collection.leave(from, `the default action "${word}" is none of permit, ask and block`);
  else if (programs.length === 0) {
    const mode = action === 'allow' ? 'allow' : action === 'ask' ? 'ask' : 'lockdown';
    collection.leave(`${from}: filter/defaultAction`, `what no rule decides is the mode's: postern mode ${mode}`);
  } else
    collection.add({
      from: `${from}: filter/defaultAction`,
      name: `${name} default`,
      action,
      final: true,
      bodies: programs,
    });
}

interface Endpoint {
  readonly permitted: boolean;
  readonly body: Body;
  readonly traps: readonly string[];
}

/** `+ example.com TCP/443`: what it says, where, and which protocol and ports. */
function endpointOf(text: string, direction: 'out' | 'in'): Result<Endpoint> {
  const [words = ''] = text.split('#');
  const [sign = '', entity = '', service, more] = words.trim().split(/\s+/);
  if ((sign !== '+' && sign !== '-') || entity === '' || more !== undefined) {
    return fail(`"${text.slice(0, 80)}" is no endpoint such as + example.com TCP/443`);
  }
  const places = placesOf(entity);
  if (!places.ok) return places;
  const named = places.value?.some((place) => /^[.*]|^[^:]*[a-z-][^:]*\./i.test(place));
  if (direction === 'in' && named === true)
    return fail('names of what comes in are not known, so that no rule may ask for them');
  const kind = service === undefined ? ok({}) : serviceOf(service);
  if (!kind.ok) return kind;
  const body = {
    ...(direction === 'in' && { direction }),
    ...(places.value !== undefined && { [direction === 'in' ? 'from' : 'to']: oneOrMany(places.value) }),
    ...kind.value,
  };
  return ok({ permitted: sign === '+', body: body as Body, traps: trapsOf(entity) });
}

const scopes: Readonly<Record<string, string>> = { localhost: 'loopback', lan: 'lan', internet: 'internet' };

function trapsOf(entity: string): string[] {
  const parts = entity.toLowerCase().split(',');
  if (parts.includes('lan'))
    return ['LAN has the multicast of the local network in Portmaster; here that is multicast, and not in lan'];
  if (parts.includes('internet'))
    return ['Internet has the multicast of other networks in Portmaster; here that is multicast, and not in internet'];
  return [];
}

/** Undefined: anywhere. */
function placesOf(entity: string): Result<readonly string[] | undefined> {
  if (entity === '*') return ok(undefined);
  const parts = entity.split(',');
  if (parts.every((part) => Object.hasOwn(scopes, part.toLowerCase()))) {
    return ok([...new Set(parts.map((part) => scopes[part.toLowerCase()] as string))]);
  }
  if (parts.every((part) => /^[A-Z]{2}$/.test(part))) return ok(parts.map((part) => `country:${part}`));
  if (parts.every((part) => /^AS\d{1,10}$/.test(part))) return ok(parts.map((part) => `as:${Number(part.slice(2))}`));
  if (parts.every((part) => /^C:/.test(part))) return fail(`"${entity}": rules ask for countries, not for continents`);
  if (/^L:/.test(entity))
    return fail(`"${entity}": Portmaster's own lists are not here; add lists of yours with postern lists add`);
  const prefix = prefixes(entity);
  if (prefix.ok) return ok([formatPrefix(prefix.value)]);
  const domain = entity.toLowerCase().replace(/\.$/, '');
  const name = /^(\*\.|\.)?([a-z0-9_-]+(\.[a-z0-9_-]+)+)$/.exec(domain);
  if (name === null || /^[\d.]+$/.test(domain)) {
    return fail(`"${entity}": rules ask for names, *.name and .name, not for parts of names`);
  }
  return ok([domain]);
}

function serviceOf(service: string): Result<Body> {
  const [protocol = '', ports] = service.split('/');
  const lower = protocol.toLowerCase();
  const known = /^(tcp|udp|icmp|icmpv6|sctp|udplite)$/.test(lower)
    ? lower
    : /^\d{1,3}$/.test(lower)
      ? Number(lower)
      : undefined;
  if (lower !== '*' && known === undefined) return fail(`the protocol "${protocol}" is not known here`);
  if (ports !== undefined && !/^\d{1,5}(-\d{1,5})?$/.test(ports)) return fail(`"${ports}" are no ports in figures`);
  return ok({
    ...(ports !== undefined && { port: /^\d+$/.test(ports) ? Number(ports) : ports }),
    ...(known !== undefined && { protocol: known }),
  } as Body);
}
