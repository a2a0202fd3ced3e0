// Destinations as `postern run` takes them: NAME, *.NAME, ADDRESS, PREFIX, lan, list:X, each with :PORTS and /PROTOCOL.
import type { Protocol } from '#model/net/protocol.ts';
import type { RuleText } from '#model/rule.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { parseDestination } from '../match/destination.ts';
import { nameable } from '../show/words.ts';

const protocolEnding = /\/(tcp|udp|icmp|icmpv6|sctp|udplite)$/;

/** Refusals come before what is allowed, however exact that is. */
const denyPriority = 10;
/** With room for what makes several of one kind different. */
const maxName = 100;

/**
 * `github.com:443`, `*.example.com:80,443`, `10.0.0.0/8`, `192.0.2.1/icmp`, `[2001:db8::1]:53/udp`. What names neither port nor protocol is meant
 * whole. The error is a sentence.
 */
export function destinationRules(action: 'allow' | 'reject', text: string): Result<readonly RuleText[]> {
  const protocol = protocolEnding.exec(text)?.[1];
  const rest = protocol === undefined ? text : text.slice(0, -protocol.length - 1);
  const [place = '', ...others] = rest.split(',');
  const before = place.slice(0, place.lastIndexOf(':') + 1);
  const places = [place, ...others.map((port) => `${before}${port}`)];
  for (const one of places) {
    const parsed = parseDestination(one);
    if (!parsed.ok) return fail(parsed.error);
  }
  const rule = {
    name: nameable(`${action === 'allow' ? 'allow' : 'deny'} ${text}`, maxName),
    action,
    ...(action === 'reject' && { priority: denyPriority }),
    ...(protocol !== undefined && { protocol: protocol as Protocol }),
  };
  const ends = places.length === 1 ? place : places;
  const out: RuleText = { ...rule, to: ends };
  // Whoever may talk to other programs here may be talked to by them.
  const both = /^loopback(:|$)/.test(place) && action === 'allow';
  return ok(both ? [out, { ...rule, name: `${rule.name} incoming`, direction: 'in', from: 'loopback' }] : [out]);
}
