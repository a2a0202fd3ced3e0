// A rule as the form has it, in the words of the rule files; and the rule that it makes.
import type { Lifetime, RuleText } from '#model/rule.ts';
import { parseDestination } from '#policy/match/destination.ts';
import { fail, ok, type Result } from '#std/result.ts';

export interface Draft {
  readonly name: string;
  readonly action: RuleText['action'];
  readonly app: string;
  readonly user: string;
  readonly to: string;
  readonly port: string;
  readonly protocol: string;
  readonly direction: 'out' | 'in' | 'forward';
  readonly priority: string;
  readonly note: string;
  readonly lifetime: Lifetime;
}

export const emptyDraft: Draft = {
  ...{
    name: '',
    action: 'reject',
    app: '',
    user: '',
    to: '',
    port: '',
    protocol: '',
    direction: 'out',
    priority: '',
    note: '',
  },
  lifetime: 'always',
};

export const draftActions = ['allow', 'reject', 'drop', 'ask', 'log'] as const satisfies readonly RuleText['action'][];
export const draftProtocols = ['', 'tcp', 'udp', 'icmp', 'icmpv6', 'sctp', 'udplite', 'any'] as const;

const parts = (text: string) => text.split(/[\s,]+/).filter((part) => part !== '');

const oneOrMore = <T>(values: readonly T[]): T | T[] | undefined => (values.length > 1 ? [...values] : values[0]);

/** A number where it is one, so that the file shows it as people write it. */
const plain = (text: string) => (/^\d+$/.test(text) ? Number(text) : text);

/** The error is a sentence; the server checks everything once more. */
export function ruleOf(draft: Draft): Result<RuleText> {
  const { action, direction, protocol, note } = draft;
  const [apps, places, ports, users] = [parts(draft.app), parts(draft.to), parts(draft.port), parts(draft.user)];
  for (const place of places) {
    const read = parseDestination(place);
    if (!read.ok) return fail(`${read.error}.`);
  }
  const wrong = ports.find((port) => !/^\d{1,5}(-\d{1,5})?$/.test(port));
  if (wrong !== undefined) return fail(`“${wrong}” is no port; write 443 or 8000-8999.`);
  if (draft.priority.trim() !== '' && !/^-?\d{1,4}$/.test(draft.priority.trim())) {
    return fail('The priority is a whole number from -1000 to 1000.');
  }
  const isBare = [apps, places, ports, users].every((values) => values.length === 0) && protocol === '';
  if (isBare)
    return fail('Say an app, a user, a place, a port or a protocol: a rule that asks for nothing is for everything.');
  const name = draft.name.trim() || suggestedName(draft);
  const conditions = {
    app: oneOrMore(apps),
    user: oneOrMore(users.map(plain)),
    [direction === 'in' ? 'from' : 'to']: oneOrMore(places),
    port: oneOrMore(ports.map(plain)),
    protocol: protocol === '' ? undefined : protocol,
    direction: direction === 'out' ? undefined : direction,
    priority: draft.priority.trim() === '' ? undefined : Number(draft.priority),
    note: note.trim() === '' ? undefined : note.trim(),
  };
  const said = Object.entries(conditions).filter(([, value]) => value !== undefined);
  return ok({ name, action, ...Object.fromEntries(said) } as RuleText);
}

/** `reject curl to example.com 443`, with what a name may not have left out. */
export function suggestedName({ action, app, to, port, user, direction }: Draft): string {
  const [first = ''] = parts(app);
  const short = first.slice(first.lastIndexOf('/') + 1);
  const text = [action, short || 'any', user && `of ${user}`, to && `${direction === 'in' ? 'from' : 'to'} ${to}`, port]
    .filter(Boolean)
    .join(' ');
  return text
    .replace(/[^\p{L}\p{N} ._:@/+-]/gu, ' ')
    .replace(/ +/g, ' ')
    .trim()
    .slice(0, 128);
}
