// A connection in plain words, for people who read along.
import { escapeText } from '#std/text.ts';
import type { Connection } from './connection.ts';
import type { Place } from './net/place.ts';
import { pathOfProgram } from './process.ts';

type AttemptText = Connection['attempt'];

const lastPart = (path: string) => path.slice(path.lastIndexOf('/') + 1) || path;

/** The program's short name: the script's, or the executable's; escaped. */
export function programName({ process }: AttemptText): string {
  if (process === undefined) return 'an unknown program';
  if (process.kernel === true) return 'the kernel';
  const path = pathOfProgram(process);
  if (typeof path !== 'string') return process.pid === undefined ? 'an unknown program' : `process ${process.pid}`;
  const name = escapeText(lastPart(path));
  const state = process.image?.state;
  return state === undefined || state === 'host' ? name : `${name} (${state})`;
}

/** `192.0.2.7:443/tcp`, `[2001:db8::1]:53/udp`, `192.0.2.7/icmp`; with its name before it, and whether its hello has another one inside. */
export function destinationName({ flow, names }: AttemptText): string {
  const { address, port = 0 } = flow.remote;
  const numeric = port === 0 ? address : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  const [newest] = names ?? [];
  const name = newest === undefined ? '' : `${escapeText(newest.name)} ${newest.ech ? '(encrypted hello) ' : ''}`;
  return `${name}${numeric}/${flow.protocol}`;
}

/** `DE AS13335`; empty where nothing is known. */
export function formatPlace({ country, as }: Place): string {
  return [country, as === undefined ? undefined : `AS${as}`].filter((part) => part !== undefined).join(' ');
}

const arrows = { out: '→', in: '←', forward: '⇢' } as const;

const because: Readonly<Record<Connection['reason'], string>> = {
  rule: 'by rule',
  mode: 'by the mode, as no rule matches',
  answer: 'as answered',
  deadline: 'because nobody answered in time',
  'quota-user': 'because this user has too many open questions',
  'quota-app': 'because this program has too many open questions',
  'quota-packets': 'because this flow sent too many packets while it was held',
  'queue-half-full': 'because too many packets are held',
  unattributed: 'because its program was not found',
  shutdown: 'because Postern stopped',
};

const done = { allow: 'allowed', reject: 'refused', drop: 'dropped', ask: 'asked' } as const;
const wouldBe = {
  allow: 'allowed',
  reject: 'would be refused',
  drop: 'would be dropped',
  ask: 'would be asked',
} as const;

type UserName = (uid: number) => string | undefined;

function subject(connection: Connection, userName: UserName | undefined): string {
  const { attempt } = connection;
  const place = formatPlace(connection);
  const uid = attempt.process?.uid;
  const user = uid === undefined ? '' : ` (${escapeText(userName?.(uid) ?? `uid ${uid}`)})`;
  const arrow = arrows[attempt.flow.direction ?? 'out'];
  const local = attempt.flow.direction === 'in' ? ` to port ${attempt.flow.local?.port ?? 0}` : '';
  return `${programName(attempt)}${user} ${arrow} ${destinationName(attempt)}${place && ` [${place}]`}${local}`;
}

/** `curl (uid 1000) → 192.0.2.7:443/tcp refused by rule "no-curl"`; `userName` names the uid where it is known. */
export function formatConnection(connection: Connection, userName?: UserName): string {
  const { action, enforced, rule, reason } = connection;
  const verb = enforced ? done[action] : wouldBe[action];
  const why = reason === 'rule' && rule !== null ? `by rule "${escapeText(rule)}"` : because[reason];
  return `${subject(connection, userName)} ${verb} ${why}`;
}

/** `curl (uid 1000) → 192.0.2.7:443/tcp ended`. */
export function formatEnd(connection: Connection, userName?: UserName): string {
  return `${subject(connection, userName)} ended`;
}
