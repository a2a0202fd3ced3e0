// A forwarded flow of a program of this machine, as those of containers are, has two sides: it goes out from its program, and
// it is forwarded. Both are judged. A rule decides before the mode; where rules decide both, the stricter one does.
import type { Attempt } from '#model/attempt.ts';
import type { DecidedAction, Decision, Explanation } from '#model/decision.ts';
import type { Consulted } from './consult/consulted.ts';
import type { ConsultedDecision, Policy } from './policy.ts';

const strictness: readonly DecidedAction[] = ['allow', 'ask', 'reject', 'drop'];

/** Whether the flow is forwarded for a program that is known. */
export function isGuest({ process, flow }: Attempt): boolean {
  return flow.direction === 'forward' && process !== undefined && process.kernel !== true;
}

/** The policy that judges both sides of such a flow, by one that judges a flow by its direction. */
export function judgingGuests(policy: Policy): Policy {
  return {
    revision: policy.revision,
    mode: policy.mode,
    decide: (attempt, now) =>
      isGuest(attempt)
        ? ofBoth(policy.decide(outgoing(attempt), now), policy.decide(attempt, now))
        : policy.decide(attempt, now),
    decideConsulting: (attempt, now) => {
      if (!isGuest(attempt)) return policy.decideConsulting(attempt, now);
      return consultedOfBoth(policy.decideConsulting(outgoing(attempt), now), policy.decideConsulting(attempt, now));
    },
    listens: (attempt, decision, now) => policy.listens(attempt, decision, now),
    explain: (attempt, now) => {
      if (!isGuest(attempt)) return policy.explain(attempt, now);
      return explainedOfBoth(policy.explain(outgoing(attempt), now), policy.explain(attempt, now));
    },
    touching: (process, now) => policy.touching(process, now),
    get ordered() {
      return policy.ordered;
    },
    get kernelRules() {
      return policy.kernelRules;
    },
  };
}

/** One side of it. */
export function outgoing({ flow, ...attempt }: Attempt): Attempt {
  return { ...attempt, flow: { ...flow, direction: 'out' } };
}

const rank = ({ action }: Decision) => strictness.indexOf(action);

function decisive(out: Decision, forwarded: Decision): Decision {
  if (out.by !== forwarded.by) return out.by === 'rule' ? out : forwarded;
  return rank(forwarded) > rank(out) ? forwarded : out;
}

function ofBoth(out: Decision, forwarded: Decision): Decision {
  const found = decisive(out, forwarded);
  const other = found === out ? forwarded : out;
  if (other.logged.length === 0) return found;
  return { ...found, logged: [...new Set([...out.logged, ...forwarded.logged])] };
}

function consultedOfBoth(out: ConsultedDecision, forwarded: ConsultedDecision): ConsultedDecision {
  return {
    decision: ofBoth(out.decision, forwarded.decision),
    consulted: eitherOf(out.consulted, forwarded.consulted),
  };
}

function explainedOfBoth(out: Explanation, forwarded: Explanation): Explanation {
  const side = (name: string, { trace }: Explanation) =>
    trace.map(({ rule, why }) => ({ rule, why: `As ${name}: ${why}` }));
  return {
    ...out,
    ...ofBoth(out, forwarded),
    depends: [...new Set([...out.depends, ...forwarded.depends])].sort(),
    trace: [...side('outgoing', out), ...side('forwarded', forwarded)],
  };
}

/** What a decision was made from that rests on two. */
export function eitherOf(a: Consulted, b: Consulted): Consulted {
  return {
    executable: a.executable || b.executable,
    process: a.process || b.process,
    volatile: a.volatile || b.volatile,
    uid: a.uid || b.uid,
    gid: a.gid || b.gid,
    cgroup: a.cgroup || b.cgroup,
    protocol: a.protocol || b.protocol,
    remotePort: a.remotePort || b.remotePort,
    localPort: a.localPort || b.localPort,
    icmpType: a.icmpType || b.icmpType,
    interface: a.interface || b.interface,
    loopback: a.loopback || b.loopback,
    localAddress: a.localAddress || b.localAddress,
    names: a.names || b.names,
    remoteBits: Math.max(a.remoteBits, b.remoteBits),
    unknown: a.unknown ?? b.unknown,
    expires: Math.min(a.expires, b.expires),
  };
}
