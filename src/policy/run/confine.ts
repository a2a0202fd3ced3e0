// What a command of `postern run` and all that comes of it may do: what its own rules allow and the machine's do not refuse.
import type { Attempt } from '#model/attempt.ts';
import type { Decision, Explanation } from '#model/decision.ts';
import { runFolder } from '#model/run/run.ts';
import type { Consulted } from '../consult/consulted.ts';
import { eitherOf } from '../guest.ts';
import { type ConsultedDecision, compilePolicy, type Policy } from '../policy.ts';

type RunPolicy = Pick<Policy, 'decide' | 'decideConsulting' | 'listens' | 'explain'>;

export interface ConfinedRun {
  readonly id: string;
  /** Of the command's own rules. By its mode, what no rule decides is refused, or asked. */
  readonly policy: RunPolicy;
}

const confinedTo = new RegExp(`/${runFolder.replace('.', '\\.')}/([^/]+)(?:/|$)`);

/** The run that a process with this cgroup belongs to; undefined: none. */
export function runOfCgroup(cgroup: string | undefined): string | undefined {
  return cgroup === undefined ? undefined : confinedTo.exec(cgroup)?.[1];
}

/** The policy that judges what comes of these commands by both. Where there are none it is the machine's itself. */
export function confining(policy: Policy, runs: readonly ConfinedRun[]): Policy {
  if (runs.length === 0) return policy;
  const nobodys = refusingAll(policy.revision);
  const byId = new Map<string, RunPolicy>(runs.map((run) => [run.id, run.policy]));
  const own = ({ process }: Attempt): RunPolicy | undefined => {
    const id = runOfCgroup(process?.cgroup);
    return id === undefined ? undefined : (byId.get(id) ?? nobodys);
  };
  return {
    revision: policy.revision,
    mode: policy.mode,
    decide: (attempt, now) => {
      const run = own(attempt);
      if (run === undefined) return policy.decide(attempt, now);
      return ofBoth(run.decide(attempt, now), () => policy.decide(attempt, now));
    },
    decideConsulting: (attempt, now) => {
      const run = own(attempt);
      const machine = policy.decideConsulting(attempt, now);
      if (run === undefined) return { ...machine, consulted: withCgroup(machine.consulted) };
      return consultedOfBoth(run.decideConsulting(attempt, now), machine);
    },
    listens: (attempt, decision, now) => {
      const run = own(attempt);
      if (policy.listens(attempt, decision, now)) return true;
      return run?.listens(attempt, run.decide(attempt, now), now) ?? false;
    },
    explain: (attempt, now) => {
      const run = own(attempt);
      const machine = policy.explain(attempt, now);
      return run === undefined ? machine : explainedOfBoth(run.explain(attempt, now), machine);
    },
    touching: (process, now) => policy.touching(process, now),
    get ordered() {
      return policy.ordered;
    },
    // What the kernel would allow by these, it would allow a confined program too.
    get kernelRules() {
      return policy.kernelRules.filter(({ action }) => action !== 'allow');
    },
  };
}

/** Of a command that nobody knows any more nothing is allowed. */
function refusingAll(revision: number): RunPolicy {
  const { policy } = compilePolicy([], { revision, mode: 'lockdown', accounts: { users: {}, groups: {} } });
  return {
    decide: (attempt, now) => ({ ...policy.decide(attempt, now), over: true }),
    decideConsulting: (attempt, now) => policy.decideConsulting(attempt, now),
    listens: () => false,
    explain: (attempt, now) => policy.explain(attempt, now),
  };
}

/** The machine's rules may refuse what the command's allow, and decide what they leave to be asked; its mode says nothing here. */
function ofBoth(run: Decision, machine: () => Decision): Decision {
  if (run.action === 'reject' || run.action === 'drop') return run;
  const other = machine();
  const decides = other.by === 'rule' && (other.action !== 'allow' || run.action === 'ask');
  const found = decides ? other : run;
  const logged = [...run.logged, ...other.logged];
  return { ...found, revision: other.revision, logged: logged.length === 0 ? found.logged : [...new Set(logged)] };
}

function withCgroup(consulted: Consulted): Consulted {
  return consulted.cgroup ? consulted : { ...consulted, cgroup: true };
}

function consultedOfBoth(run: ConsultedDecision, machine: ConsultedDecision): ConsultedDecision {
  return {
    decision: { ...ofBoth(run.decision, () => machine.decision), revision: machine.decision.revision },
    consulted: withCgroup(eitherOf(run.consulted, machine.consulted)),
  };
}

function explainedOfBoth(run: Explanation, machine: Explanation): Explanation {
  const side = (name: string, { trace }: Explanation) =>
    trace.map(({ rule, why }) => ({ rule, why: `${name}: ${why}` }));
  return {
    ...machine,
    ...ofBoth(run, () => machine),
    depends: [...new Set([...run.depends, ...machine.depends, 'process.cgroup' as const])].sort(),
    trace: [...side("By the command's own rules", run), ...side("By the machine's rules", machine)],
  };
}
