// Destination conditions, each with or without ports, as `to` and `from` write them.
import { parseCountry } from '#geo/countries.ts';
import { formatPrefix, type Prefix, parsePrefix } from '#model/net/address.ts';
import { type Scope, scopes } from '#model/net/scope.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { formatName, type NamePattern, parseName } from './name.ts';

/** First and last port, both included. */
export type PortRange = readonly [number, number];

export interface DestinationCondition {
  readonly place:
    | { readonly type: 'any' }
    | { readonly type: 'scope'; readonly scope: Scope }
    | { readonly type: 'prefix'; readonly prefix: Prefix }
    | { readonly type: 'name'; readonly name: NamePattern }
    | { readonly type: 'list'; readonly list: string }
    /** ISO 3166-1, two capitals. */
    | { readonly type: 'country'; readonly country: string }
    /** The number of an autonomous system. */
    | { readonly type: 'as'; readonly number: number };
  readonly ports: PortRange | undefined;
}

/**
 * `10.0.0.1`, `10.0.0.0/8:443`, `[2001:db8::1]:8000-8999`, `lan`, `any:53`, `*.example.com:443`, `list:ads`, `country:DE`, `as:13335`.
 * The error is a sentence.
 */
export function parseDestination(text: string): Result<DestinationCondition> {
  const split = splitPorts(text);
  if (!split.ok) return split;
  const { place, ports } = split.value;
  if (place === 'any') return ok({ place: { type: 'any' }, ports });
  const scope = scopes.find((name) => name === place);
  if (scope !== undefined) return ok({ place: { type: 'scope', scope }, ports });
  const prefix = parsePrefix(place);
  if (!('error' in prefix)) return ok({ place: { type: 'prefix', prefix }, ports });
  if (/^(list|country|as):/.test(place)) return parseKeyword(place, ports);
  if (/\d\/|\/\d|^[\d.]+$|:.*:/.test(place)) return fail(prefix.error);
  if (/[.*]/.test(place)) {
    const name = parseName(place);
    return name.ok ? ok({ place: { type: 'name', name: name.value }, ports }) : name;
  }
  return fail(`"${text}" is no address, no prefix, no name with a dot and no scope (${scopes.join(', ')}, any)`);
}

/** What lists may be called: a part of file names and of rules. */
export const listNamePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;

function parseKeyword(text: string, ports: PortRange | undefined): Result<DestinationCondition> {
  const [keyword, value = ''] = text.split(':');
  if (keyword === 'list') {
    if (listNamePattern.test(value)) return ok({ place: { type: 'list', list: value }, ports });
    return fail(`"${text}": a list's name begins with a letter or digit and has at most 64 of a-z 0-9 . _ -`);
  }
  if (keyword === 'country') {
    const country = parseCountry(value);
    return country.ok
      ? ok({ place: { type: 'country', country: country.value }, ports })
      : fail(`"${text}": ${country.error}`);
  }
  if (/^\d{1,10}$/.test(value) && Number(value) > 0 && Number(value) < 2 ** 32) {
    return ok({ place: { type: 'as', number: Number(value) }, ports });
  }
  return fail(`"${text}": write the number of an autonomous system, such as as:13335`);
}

function splitPorts(text: string): Result<{ place: string; ports: PortRange | undefined }> {
  const bracket = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  const keyword = /^((?:list|country|as):[^:]*)(?::([^:]*))?$/.exec(text);
  const found = bracket ?? keyword ?? /^([^:]*):([^:]*)$/.exec(text);
  if (found === null) return ok({ place: text, ports: undefined });
  const [, place = '', portText] = found;
  if (portText === undefined) return ok({ place, ports: undefined });
  const ports = parsePorts(portText);
  if (!ports.ok) return fail(`"${text}": ${ports.error}`);
  return ok({ place, ports: ports.value });
}

/** A port (443) or a range (8000-8999). Port 0 stands for "no port" and cannot be asked for. */
export function parsePorts(value: string | number): Result<PortRange> {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(String(value));
  if (match === null) return fail(`"${value}" is no port (443) and no range of ports (8000-8999)`);
  const low = Number(match[1]);
  const high = Number(match[2] ?? match[1]);
  if (high > 65535) return fail(`port ${high} is above 65535`);
  if (low > high) return fail(`the range ${low}-${high} ends before it begins; did you mean ${high}-${low}?`);
  if (high === 0) return fail('port 0 stands for "no port" and never matches');
  return ok([Math.max(low, 1), high]);
}

export function formatPorts([low, high]: PortRange): string {
  return low === high ? String(low) : `${low}-${high}`;
}

/** The text that `parseDestination` reads back to the same value. */
export function formatDestination({ place, ports }: DestinationCondition): string {
  const text = formatPlace(place);
  if (ports === undefined) return text;
  const six = place.type === 'prefix' && text.includes(':');
  return six ? `[${text}]:${formatPorts(ports)}` : `${text}:${formatPorts(ports)}`;
}

function formatPlace(place: DestinationCondition['place']): string {
  switch (place.type) {
    case 'any':
      return 'any';
    case 'scope':
      return place.scope;
    case 'prefix':
      return formatPrefix(place.prefix);
    case 'name':
      return formatName(place.name);
    case 'list':
      return `list:${place.list}`;
    case 'country':
      return `country:${place.country}`;
    case 'as':
      return `as:${place.number}`;
  }
}
