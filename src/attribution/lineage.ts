// The programs above a process, shared between all processes that have them in common: a fork costs one small object.

export interface Lineage {
  /** Path of the program; empty when it is not known. */
  readonly program: string;
  readonly up: Lineage | undefined;
  readonly depth: number;
}

/** How many programs a process's ancestors show. */
export const maxAncestors = 64;

/** `program` stands nearest. A program that forked itself, however often, counts once. */
export function extendLineage(program: string, up: Lineage | undefined): Lineage {
  if (up === undefined) return { program, up, depth: 1 };
  if (up.program === program) return up;
  // What lies far above is cut off now and then, so that a program that hands on for ever does not fill the memory.
  const above = up.depth < 2 * maxAncestors ? up : lineageOf(ancestorsOf(up));
  return { program, up: above, depth: (above?.depth ?? 0) + 1 };
}

/** From programs, nearest first. */
export function lineageOf(programs: readonly string[], up?: Lineage): Lineage | undefined {
  return programs.reduceRight<Lineage | undefined>((above, program) => extendLineage(program, above), up);
}

/** The programs, nearest first, 64 at most. */
export function ancestorsOf(lineage: Lineage | undefined): readonly string[] {
  const programs: string[] = [];
  for (let at = lineage; at !== undefined && programs.length < maxAncestors; at = at.up) programs.push(at.program);
  return programs;
}
