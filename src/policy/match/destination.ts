// Destination conditions: addresses, prefixes and scopes, each with or without ports, as `to` and `from` write them.
import { formatPrefix, type Prefix, parsePrefix } from '#model/net/address.ts';
import { type Scope, scopes } from '#model/net/scope.ts';
import { fail, ok, type Result } from '#std/result.ts';

/** First and last port, both included. */
export type PortRange = readonly [number, number];

export interface DestinationCondition {
  readonly place:
    | { readonly type: 'any' }
    | { readonly type: 'scope'; readonly scope: Scope }
    | { readonly type: 'prefix'; readonly prefix: Prefix };
  readonly ports: PortRange | undefined;
}

/** `10.0.0.1`, `10.0.0.0/8:443`, `[2001:db8::1]:8000-8999`, `lan`, `any:53`. The error is a sentence. */
export function parseDestination(text: string): Result<DestinationCondition> {
  const split = splitPorts(text);
  if (!split.ok) return split;
  const { place, ports } = split.value;
  if (place === 'any') return ok({ place: { type: 'any' }, ports });
  const scope = scopes.find((name) => name === place);
  if (scope !== undefined) return ok({ place: { type: 'scope', scope }, ports });
  const prefix = parsePrefix(place);
  if (!('error' in prefix)) return ok({ place: { type: 'prefix', prefix }, ports });
  if (/^(list|country|as):/.test(text)) {
    return fail(`"${text}": names and lists are not in this version; write addresses, prefixes or scopes`);
  }
  if (/\d\/|\/\d|^[\d.]+$|:.*:/.test(place)) return fail(prefix.error);
  if (/[.*]/.test(place)) {
    return fail(`"${text}": names and lists are not in this version; write addresses, prefixes or scopes`);
  }
  return fail(`"${text}" is no address, no prefix and no scope (${scopes.join(', ')}, any)`);
}

function splitPorts(text: string): Result<{ place: string; ports: PortRange | undefined }> {
  const bracket = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  const colon = /^([^:]*):([^:]*)$/.exec(text);
  const found = bracket ?? colon;
  const isKeyword = colon !== null && /^(list|country|as)$/.test(colon[1] ?? '');
  if (found === null || isKeyword) return ok({ place: text, ports: undefined });
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
  const text = place.type === 'any' ? 'any' : place.type === 'scope' ? place.scope : formatPrefix(place.prefix);
  if (ports === undefined) return text;
  return text.includes(':') ? `[${text}]:${formatPorts(ports)}` : `${text}:${formatPorts(ports)}`;
}
