// Who, of the processes that hold a socket together, the traffic belongs to.
import type { Process } from '#model/process.ts';
import { mergeProcesses } from './merge.ts';

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
