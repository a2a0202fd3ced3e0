// Who, of the processes that hold a socket together, the traffic belongs to: what they agree on is known, the rest is not.
import type { Process } from '#model/process.ts';

/** The service manager holds the sockets that it listens on for others. */
const serviceManagers: ReadonlySet<string> = new Set([
  '/usr/lib/systemd/systemd',
  '/lib/systemd/systemd',
  '/sbin/init',
  '/usr/sbin/init',
]);

const isServiceManager = ({ exe }: Process) => typeof exe === 'string' && serviceManagers.has(exe);

/**
 * What is known of the one process that it was: the facts on which all agree. `undefined` among the candidates is a process
 * that could not be read, which may be any program.
 */
export function settleCandidates(candidates: readonly (Process | undefined)[]): Process | undefined {
  const known = candidates.filter((candidate) => candidate !== undefined);
  if (known.length < candidates.length) return undefined;
  const others = known.filter((candidate) => !isServiceManager(candidate));
  return mergeProcesses(others.length > 0 ? others : known);
}

/** Values of a process are plain data, so that their JSON tells whether they are equal. */
const same = (a: unknown, b: unknown) => a === b || JSON.stringify(a) === JSON.stringify(b);

/**
 * Each fact on which all candidates agree; undefined without candidates. So a rule that names a program decides only
 * when every candidate runs it, and a rule that names a user still decides when all are the user's.
 */
export function mergeProcesses(candidates: readonly Process[]): Process | undefined {
  const [first, ...others] = candidates;
  if (first === undefined) return undefined;
  if (others.length === 0) return first;
  const facts = Object.entries(first).filter(([key, value]) =>
    others.every((other) => same(value, (other as Readonly<Record<string, unknown>>)[key])),
  );
  // That the exec of one was not seen is enough for not being sure of it.
  const seeded = candidates.some((candidate) => candidate.seeded === true);
  return { ...(Object.fromEntries(facts) as Process), ...(seeded && { seeded }) };
}
