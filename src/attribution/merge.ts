// Several processes that may all be the one: what they agree on is known, the rest is not.
import type { Process } from '#model/process.ts';

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
  return Object.fromEntries(facts) as Process;
}
