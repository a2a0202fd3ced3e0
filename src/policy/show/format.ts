// A rule as one sentence in plain words.
import type { RuleText } from '#model/rule.ts';
import { several } from '../accounts.ts';
import { formatApp, orList, printable } from './words.ts';

/** "allow /usr/bin/curl of user alice to 10.0.0.0/8 on port 443/tcp until 2026-12-31"; control characters are made visible. */
export function formatRule(rule: RuleText): string {
  const parts: string[] = [rule.action, subject(rule)];
  const add = (word: string, value: string | number | readonly (string | number)[] | undefined) => {
    const list = several(value).map((item) => printable(String(item)));
    if (list.length > 0) parts.push(`${word} ${orList(list)}`);
  };
  add('with arguments', rule.args);
  add('started by', rule.app === undefined ? undefined : rule.ancestor);
  add('of user', rule.user);
  add('of group', rule.group);
  add('with supplementary group', rule['supplementary-group']);
  add('in cgroup', rule.cgroup);
  add('labelled', rule.label);
  if (rule.seeded === true) parts.push('that ran before Postern');
  const directions = several(rule.direction);
  if (directions.length > 0 && !(directions.length === 1 && directions[0] === 'out')) {
    parts.push(orList(directions.map((name) => directionWords[name])));
  }
  add('from', rule.from);
  add('to', rule.to);
  const service = formatService(rule);
  if (service !== '') parts.push(service);
  add('by interface', rule.interface);
  add('in network', rule.network);
  add('on networks of profile', rule.profile);
  add('on the network', rule['known-network']);
  if (rule.until !== undefined) parts.push(`until ${printable(rule.until)}`);
  if (rule.errno !== undefined) parts.push(`with ${rule.errno}`);
  if (rule.log === true && rule.action !== 'log') parts.push('and record it');
  if (rule.enabled === false) parts.push('(switched off)');
  return parts.join(' ');
}

const directionWords = { out: 'outgoing', in: 'incoming', forward: 'forwarded' } as const;

function subject(rule: RuleText): string {
  if (rule.app !== undefined) return orList(several(rule.app).map(formatApp));
  if (rule.ancestor !== undefined) return `any program started by ${orList(several(rule.ancestor).map(printable))}`;
  return 'any program';
}

/** "on port 443/tcp", "by icmp of type 8". */
function formatService(rule: RuleText): string {
  const protocols = several(rule.protocol).map((value) => (typeof value === 'number' ? `protocol ${value}` : value));
  const named = protocols.filter((name) => name !== 'any');
  const ports = several(rule.port).map(String);
  const types = several(rule['icmp-type']).map(String);
  const suffix = types.length > 0 ? ` of type ${orList(types)}` : '';
  if (ports.length === 0) return named.length === 0 ? suffix.trim() : `by ${orList(named)}${suffix}`;
  const [only] = named;
  if (named.length === 1 && only !== undefined)
    return `on port ${orList(ports.map((port) => `${port}/${only}`))}${suffix}`;
  return `on port ${orList(ports)}${named.length === 0 ? '' : ` by ${orList(named)}`}${suffix}`;
}
