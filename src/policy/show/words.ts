// Conditions and attempts in plain words, for sentences that people read.
import type { Attempt, DestinationName } from '#model/attempt.ts';
import { type Endpoint, formatEndpoint } from '#model/flow.ts';
import { formatAddress } from '#model/net/address.ts';
import type { Whereabouts } from '#model/net/network.ts';
import type { AppCondition, RuleText } from '#model/rule.ts';
import { formatSpan } from '#std/span.ts';
import { several } from '../accounts.ts';
import { formatProtocolCode, protocolCode } from '../match/protocol.ts';

/** Control characters and the like, which could rewrite a terminal's lines, as `\u{…}`. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}

/** What of a text may stand in the name of a rule, cut to so many characters. */
export function nameable(text: string, length: number): string {
  return [...text.replace(/[^\p{L}\p{N} ._:@/+-]/gu, '_')].slice(0, length).join('');
}

/** `a`, `a or b`, `a, b or c`. */
export function orList(items: readonly string[]): string {
  if (items.length <= 1) return items[0] ?? '';
  return `${items.slice(0, -1).join(', ')} or ${items.at(-1)}`;
}

export function formatApp(app: AppCondition): string {
  if (typeof app === 'string') return printable(app);
  const { path, pid, startTime, kernel, ...named } = app;
  const parts: string[] = [];
  if (path !== undefined) parts.push(printable(path));
  if (kernel === true) parts.push('the kernel itself');
  if (pid !== undefined) parts.push(`process ${pid}`);
  if (startTime !== undefined && pid === undefined) parts.push(`process started at ${startTime}`);
  for (const [key, value] of Object.entries(named)) {
    parts.push(`${key} ${printable(key === 'sha256' ? `${String(value).slice(0, 12)}…` : String(value))}`);
  }
  return parts.join(' with ');
}

/** What a line of a rule asks for. */
export function wantedText(rule: RuleText, key: keyof RuleText): string {
  if (key === 'app') return orList(several(rule.app).map(formatApp));
  if (key === 'seeded') return 'a program that ran before Postern watched';
  const values = several(rule[key] as string | number | readonly (string | number)[] | undefined);
  const shown = values.slice(0, 8).map((value) => printable(String(value)));
  const sources = key === 'to' || key === 'from' ? several(rule['name-from']) : [];
  const by = sources.length === 0 ? '' : ` by ${orList(sources)}`;
  return `${values.length > 8 ? `${shown.join(', ')} or ${values.length - 8} more` : orList(shown)}${by}`;
}

const notKnown = 'not known';

function known(value: string | number | null | undefined): string {
  if (value === undefined) return notKnown;
  return value === null ? 'none' : printable(String(value));
}

/** What the attempt has to show where a rule asks for `key`. */
export function actualText(attempt: Attempt, key: string, now: number, app?: AppCondition): string {
  const { process, flow } = attempt;
  const [to, from] = flow.direction === 'in' ? [flow.local, flow.remote] : [flow.remote, flow.local];
  switch (key) {
    case 'app':
      return actualApp(attempt, app);
    case 'ancestor':
      return process?.ancestors === undefined ? notKnown : process.ancestors.map(printable).join(', ') || 'none';
    case 'args':
      return process?.args === undefined ? notKnown : `"${printable(process.args.join(' ').slice(0, 200))}"`;
    case 'user':
      return known(process?.uid);
    case 'group':
      return known(process?.gid);
    case 'supplementary-group':
      return process?.groups === undefined ? notKnown : process.groups.join(', ') || 'none';
    case 'cgroup':
      return known(process?.cgroup);
    case 'label':
      return known(process?.label);
    case 'seeded':
      if (process === undefined) return notKnown;
      return process.seeded === true ? 'it ran before' : 'nothing says that it did';
    case 'protocol':
      return formatProtocolCode(protocolCode(flow));
    case 'port':
      return known(to === undefined || to.port === 0 ? undefined : to.port);
    case 'icmp-type':
      return known(flow.icmp?.type);
    case 'interface':
      return known(flow.interface);
    case 'network':
      return flow.local === undefined ? notKnown : formatAddress(flow.local.address);
    case 'to':
      return to === undefined ? notKnown : withNames(attempt, to, now);
    case 'from':
      return from === undefined ? notKnown : withNames(attempt, from, now);
    default:
      return notKnown;
  }
}

/** Where the machine is, for the conditions that ask for it; undefined for the others. */
export function whereText({ network, profile }: Whereabouts, key: string): string | undefined {
  if (key === 'profile') return known(profile);
  return key === 'known-network' ? known(network) : undefined;
}

/** The far end's names stand behind its address, each with how it is known. */
function withNames({ flow, names }: Attempt, end: Endpoint, now: number): string {
  const address = formatEndpoint(end);
  if (end !== flow.remote) return address;
  if (names.length === 0) return `${address} (no name known)`;
  const shown = names.slice(0, 4).map((one) => `${printable(one.name)} by ${evidenceText(one, now)}`);
  return `${address} (${shown.join(', ')}${names.length > 4 ? ` and ${names.length - 4} more` : ''})`;
}

/** How the name is known and, where that can be said, for how long: `dns for 12 s`. */
export function evidenceText({ from, since }: DestinationName, now: number): string {
  return since === undefined ? from : `${from} for ${formatSpan(now - since)}`;
}

/** The same fact that the condition asks for, if it asks for one; otherwise the program. */
function actualApp({ process }: Attempt, app: AppCondition | undefined): string {
  if (process === undefined) return notKnown;
  if (process.kernel === true) return 'the kernel itself';
  const asked = typeof app === 'object' ? Object.keys(app) : ['path'];
  const [key] = asked;
  const path = typeof process.exe === 'string' ? printable(process.exe) : notHostFile(process.image);
  if (asked.length !== 1 || key === 'path' || key === undefined) return path;
  if (key === 'kernel') return path;
  return `${path} with ${key} ${known(process[key as 'script' | 'unit'])}`;
}

function notHostFile(image: { readonly path: string; readonly state: string } | undefined): string {
  if (image === undefined || image.state === 'host') return notKnown;
  return `${printable(image.path)} (${image.state}: not the file that the host has there)`;
}
