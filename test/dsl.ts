// The vocabulary of the tests: attempts, rules and policies written as people say them.
import type { Decider } from '#engine/types.ts';
import type { Attempt } from '#model/attempt.ts';
import type { Decision } from '#model/decision.ts';
import type { Direction, Flow } from '#model/flow.ts';
import type { Mode } from '#model/mode.ts';
import { type Address, parseAddress, parsePrefix, prefixHolds } from '#model/net/address.ts';
import { type Protocol, protocolNumbers } from '#model/net/protocol.ts';
import type { Process } from '#model/process.ts';
import { type RuleRecord, ruleSchema } from '#model/rule.ts';

const host = { 4: '192.0.2.100', 6: '2001:db8::100' } as const;
const defaultUid = 1000;
const defaultPort = 40_000;

/**
 * `firefox → 192.0.2.1:443/tcp`, `firefox of 1001 from 40001 → [2001:db8::1]:53/udp`, `ping → 192.0.2.1/icmp`,
 * `sshd at 22 ← 198.51.100.7:50000/tcp`, `192.168.1.2 at 5000 ⇒ 192.0.2.1:443/tcp` (forwarded). `?` is an unknown
 * program and `kernel` traffic of the kernel's own. The user is 1000 and the near port 40000 where none is said.
 */
export function attempt(text: string): Attempt {
  const parts = /^(\S+)(?: of (\d+))?(?: (?:from|at) (\d+))? ([→←⇒]) (\S+?)\/([a-z0-9]+)$/u.exec(text);
  if (parts === null) throw new Error(`not an attempt: ${text}`);
  const [, who = '', uid, nearPort, arrow, far = '', protocolText = ''] = parts;
  const direction: Direction = arrow === '→' ? 'out' : arrow === '←' ? 'in' : 'forward';
  const remote = endpoint(far);
  const protocol = protocolText as Protocol;
  const numbers: Partial<Record<string, number>> = protocolNumbers;
  const near = direction === 'forward' ? address(who) : address(host[remote.address.family]);
  const flow: Flow = {
    protocol,
    protocolNumber: numbers[protocolText] ?? 255,
    direction,
    local: { address: near, port: Number(nearPort ?? defaultPort) },
    remote,
  };
  const process = direction === 'forward' ? undefined : program(who, Number(uid ?? defaultUid));
  return { process, flow, names: [] };
}

/** The process that runs a program of /usr/bin; the same name and user is the same process. */
export function program(name: string, uid = defaultUid): Process | undefined {
  if (name === '?') return undefined;
  if (name === 'kernel') return { kernel: true };
  let pid = uid;
  for (const letter of name) pid = (pid * 31 + letter.charCodeAt(0)) % 2 ** 22;
  const exe = `/usr/bin/${name}`;
  return { pid, startTime: '1', exe, uid, gid: uid, args: [exe] };
}

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
}

function endpoint(text: string): { readonly address: Address; readonly port: number } {
  const withPort = /^\[(.+)\]:(\d+)$/.exec(text) ?? /^([^:]+):(\d+)$/.exec(text);
  return { address: address(withPort?.[1] ?? text), port: Number(withPort?.[2] ?? 0) };
}

/**
 * `allow firefox to 192.0.2.0/24`, `reject any user 1000 protocol icmp as no-ping`: an action, a program of /usr/bin or
 * `any`, then conditions in the words of the rule files, each with one value. `as` names the rule; without it the text does.
 */
export function rule(text: string): RuleRecord {
  const [action = '', app = '', ...rest] = text.split(' ');
  const conditions: Record<string, unknown> = {};
  for (let at = 0; at < rest.length; at += 2) {
    const [word = '', value = ''] = rest.slice(at, at + 2);
    conditions[word === 'as' ? 'name' : word] = /^\d+$/.test(value) ? Number(value) : value === 'true' ? true : value;
  }
  const name = text.replaceAll(/[^\w ./:-]/g, '_').slice(0, 120);
  const parsed = ruleSchema.parse({ name, action, ...(app !== 'any' && { app: `/usr/bin/${app}` }), ...conditions });
  return { rule: parsed, origin: 'file' };
}

/**
 * A policy for tests of what follows the decision: the first rule that fits decides, then the mode. It knows the
 * conditions `app` (a path), `to`, `from` (a prefix), `port`, `protocol`, `user`, `direction`, and `log`.
 */
export function decider(mode: Mode, rules: readonly string[] = [], revision = 1): Decider {
  const records = rules.map((text) => rule(text).rule);
  return {
    revision,
    decide(asked: Attempt): Decision {
      const fitting = records.filter((record) => fits(record, asked));
      const logged = fitting.filter(({ action, log }) => action === 'log' || log === true).map(({ name }) => name);
      for (const { action, name } of fitting) {
        if (action !== 'log') return { action, rule: name, by: 'rule', revision, logged };
      }
      const byMode = { off: 'allow', observe: 'allow', allow: 'allow', ask: 'ask', lockdown: 'reject' } as const;
      return { action: byMode[mode], rule: null, by: 'mode', revision, logged };
    },
  };
}

function fits(record: ReturnType<typeof rule>['rule'], { process, flow }: Attempt): boolean {
  const { app, to, from, port, protocol, user, direction = 'out' } = record;
  const within = (text: unknown, value: Address | undefined) => {
    const prefix = parsePrefix(String(text));
    if ('error' in prefix) throw new Error(prefix.error);
    return value !== undefined && prefixHolds(prefix, value);
  };
  const peer = flow.direction === 'in' ? from : to;
  return (
    (app === undefined || app === process?.exe) &&
    (peer === undefined || within(peer, flow.remote.address)) &&
    (port === undefined || Number(port) === (flow.direction === 'in' ? flow.local?.port : flow.remote.port)) &&
    (protocol === undefined || protocol === flow.protocol) &&
    (user === undefined || user === process?.uid) &&
    direction === flow.direction
  );
}
