// Sets of numbers as ranges, in order and without touching: ports, user ids.

export type Range = readonly [number, number];

export function ranges(numbers: Iterable<number>): Range[] {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const merged: [number, number][] = [];
  for (const number of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && number === last[1] + 1) last[1] = number;
    else merged.push([number, number]);
  }
  return merged;
}

export function commonRanges(a: readonly Range[], b: readonly Range[]): Range[] {
  return a.flatMap(([low, high]) =>
    b.flatMap(([from, to]): Range[] => {
      const range: Range = [Math.max(low, from), Math.min(high, to)];
      return range[0] <= range[1] ? [range] : [];
    }),
  );
}

export function holdsNumber(set: readonly Range[], number: number): boolean {
  return set.some(([low, high]) => low <= number && number <= high);
}

/** `443`, `8000-8999`, as `port` has them. */
export function portTexts(set: readonly Range[]): (string | number)[] {
  return set.map(([low, high]) => (low === high ? low : `${low}-${high}`));
}

/** One value where there is one, as people write it. */
export function oneOrMany<T>(values: readonly T[]): T | T[] {
  return values.length === 1 ? (values[0] as T) : [...values];
}
