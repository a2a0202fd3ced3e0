// Whether the policy lets anybody at all reach the door to other machines: asked of the policy itself, for those whom its rules name.
import { readFileSync, realpathSync } from 'node:fs';
import { readCgroup } from '#attribution/cgroup.ts';
import type { Attempt } from '#model/attempt.ts';
import { type Address, parseAddress, parsePrefix } from '#model/net/address.ts';
import type { RuleText } from '#model/rule.ts';
import type { Policy } from '#policy/index.ts';

/** Of the scopes and of the internet at large, in both families; documentation addresses stand for the latter. */
const anybody = ['192.168.77.77', '10.77.77.77', 'fd77::77', '203.0.113.77', '2001:db8::77'];

function ownProcess(): Attempt['process'] {
  const cgroup = readFileSync('/proc/self/cgroup', 'utf8').match(/^0::(.*)$/m)?.[1];
  return {
    pid: process.pid,
    exe: realpathSync(process.execPath),
    script: process.argv[1] ?? null,
    args: process.argv,
    uid: process.geteuid?.(),
    gid: process.getegid?.(),
    ...(cgroup !== undefined && { cgroup, ...readCgroup(cgroup) }),
  };
}

/** The first address of each prefix that the rule lets come in from. */
function namedBy({ direction, from }: RuleText): Address[] {
  if (![direction ?? 'out'].flat().includes('in')) return [];
  return [from ?? []].flat().flatMap((text) => {
    const prefix = parsePrefix(text);
    return 'error' in prefix ? [] : prefix.address;
  });
}

/** `address` and `port`: where the door is. */
export function isReachable(policy: Policy, address: string, port: number, now: number): boolean {
  const process = ownProcess();
  const rules = policy.ordered.filter(({ enabled }) => enabled).map(({ rule }) => rule);
  const probes = [...anybody.flatMap((text) => parseAddress(text) ?? []), ...rules.flatMap(namedBy)];
  const bound = parseAddress(address);
  const everywhere = bound === undefined || (bound.w0 | bound.w1 | bound.w2 | bound.w3) === 0;
  return probes.some((remote) => {
    if (!everywhere && bound.family !== remote.family) return false;
    const local = everywhere ? undefined : { address: bound, port };
    const any: Address = { family: remote.family, w0: 0, w1: 0, w2: 0, w3: 0 };
    const attempt: Attempt = {
      process,
      flow: {
        ...{ protocol: 'tcp', protocolNumber: 6, direction: 'in' },
        local: local ?? { address: any, port },
        remote: { address: remote, port: 49_999 },
      },
      names: [],
    };
    const { action } = policy.decide(attempt, now);
    return action === 'allow' || action === 'ask';
  });
}
