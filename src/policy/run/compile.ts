// The policies of the commands that are confined, each from its own rules alone.
import type { ConfinedRunMessage } from '#model/messages.ts';
import type { RuleRecord, RuleText } from '#model/rule.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { type CompileContext, compilePolicy } from '../policy.ts';
import type { ConfinedRun } from './confine.ts';

/** Before and behind all that a command's own rules can say. */
const [first, last] = [1000, -1000];

/** `resolvers`: the name servers of the machine, which a command may ask that has none of its own. */
export function compileRuns(
  runs: readonly ConfinedRunMessage[],
  context: Omit<CompileContext, 'mode'>,
  resolvers: readonly string[],
): { readonly runs: readonly ConfinedRun[]; readonly problems: readonly Diagnostic[] } {
  const compiled = runs.map((run) => {
    const mode = run.ask ? 'ask' : 'lockdown';
    const { policy, problems } = compilePolicy(recordsOf(run, resolvers), { ...context, disabled: undefined, mode });
    return { run: { id: run.id, policy }, problems };
  });
  return { runs: compiled.map(({ run }) => run), problems: compiled.flatMap(({ problems }) => problems) };
}

/** The names of a command's rules, as the log has them. */
const nameIn = (id: string, name: string) => `run ${id}: ${name}`;

/** The rule by which a command asks its name server. */
export const namesRule = (id: string) => nameIn(id, 'names');

/** All rules of a command, by the names that the log has of them. */
export function recordsOf(
  { id, rules, ask, learn, namesPort }: ConfinedRunMessage,
  resolvers: readonly string[],
): RuleRecord[] {
  const servers: Pick<RuleText, 'to' | 'port'> | undefined =
    namesPort !== null
      ? { to: ['127.0.0.1', '::1'], port: namesPort }
      : resolvers.length > 0
        ? { to: [...resolvers], port: 53 }
        : undefined;
  const rest = learn ? { name: 'learning', action: 'allow' } : { name: 'nothing else', action: 'reject' };
  const all: RuleText[] = [
    ...rules,
    ...(servers === undefined
      ? []
      : [{ ...servers, name: 'names', action: 'allow', priority: first, protocol: ['tcp', 'udp'] } as RuleText]),
    ...(ask ? [] : [{ ...rest, priority: last, direction: ['out', 'in', 'forward'] } as RuleText]),
  ];
  return all.map((rule) => ({ rule: { ...rule, name: nameIn(id, rule.name) }, origin: 'local' }));
}
