// What a query of the journal may ask about a connection, and what each field of it is there.
import { type Connection, reasons } from '../connection.ts';
import { directions } from '../flow.ts';
import { protocols } from '../net/protocol.ts';
import { pathOfProgram } from '../process.ts';

const yesNo = ['yes', 'no'] as const;
const verdicts = ['allow', 'reject', 'drop', 'ask'] as const;

export interface FieldKind {
  /** What its values are, for whoever completes a query. */
  readonly about: string;
  /** All values that it may have, where these are few. */
  readonly values?: readonly string[];
  readonly kind: 'text' | 'number' | 'address' | 'one-of';
  /** Whether free text is looked for in it. */
  readonly free?: true;
}

/** In the order in which they are shown. */
export const fieldKinds = {
  app: { about: 'what a person calls the program', kind: 'text', free: true },
  verdict: { about: 'what became of it', kind: 'one-of', values: verdicts },
  user: { about: 'whose program it was, by name or number', kind: 'text', free: true },
  domain: { about: 'the registered domain of the far end', kind: 'text', free: true },
  name: { about: 'the name of the far end', kind: 'text', free: true },
  address: { about: 'the address of the far end, or a prefix', kind: 'address', free: true },
  port: { about: 'the port of the service, or a range', kind: 'number' },
  proto: { about: 'the protocol', kind: 'one-of', values: protocols },
  direction: { about: 'which way it went', kind: 'one-of', values: directions },
  country: { about: 'the country of the far end, two letters', kind: 'text', free: true },
  as: { about: 'the network number of the far end', kind: 'number' },
  rule: { about: 'the rule that decided', kind: 'text', free: true },
  by: { about: 'what it was decided by', kind: 'one-of', values: reasons },
  path: { about: 'the file of the program', kind: 'text', free: true },
  enforced: { about: 'no: it would have been so, in the mode observe', kind: 'one-of', values: yesNo },
  own: { about: "yes: between Postern's own pages and their browser", kind: 'one-of', values: yesNo },
} as const satisfies Readonly<Record<string, FieldKind>>;

export type FieldName = keyof typeof fieldKinds;
export const fieldNames = Object.keys(fieldKinds) as readonly FieldName[];
export const kindOf = (name: FieldName): FieldKind => fieldKinds[name];
export const isField = (text: string): text is FieldName => Object.hasOwn(fieldKinds, text);

/** The connection as it is shown: with what is known of it beside its record. */
export type Asked = Pick<
  Connection,
  'attempt' | 'action' | 'enforced' | 'rule' | 'reason' | 'country' | 'as' | 'own'
> & {
  readonly app: string;
  readonly user: string | null;
  readonly domain: string | null;
};

/** The port of the service: the far one, or the near one of what came in; 0 where the protocol has none. */
export function servicePort({ flow }: Connection['attempt']): number {
  return (flow.direction === 'in' ? flow.local?.port : flow.remote.port) ?? 0;
}

/** Empty where it is not known, or there is none. A domain stands for what is called by it; without one, the name stands alone. */
export function fieldValue(field: FieldName, line: Asked): string {
  const { attempt } = line;
  switch (field) {
    case 'app':
      return line.app;
    case 'verdict':
      return line.action;
    case 'user':
      return line.user ?? '';
    case 'domain':
      return line.domain ?? attempt.names?.[0]?.name ?? '';
    case 'name':
      return attempt.names?.[0]?.name ?? '';
    case 'address':
      return attempt.flow.remote.address;
    case 'port':
      return String(servicePort(attempt));
    case 'proto':
      return attempt.flow.protocol;
    case 'direction':
      return attempt.flow.direction ?? 'out';
    case 'country':
      return line.country ?? '';
    case 'as':
      return line.as === undefined ? '' : String(line.as);
    case 'rule':
      return line.rule ?? '';
    case 'by':
      return line.reason;
    case 'path':
      return (attempt.process && pathOfProgram(attempt.process)) ?? '';
    case 'enforced':
      return line.enforced ? 'yes' : 'no';
    case 'own':
      return line.own === true ? 'yes' : 'no';
  }
}
