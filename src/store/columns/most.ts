// Of many numbers the places of the largest, without sorting all of them.

export interface MostFrequent {
  /** The largest first; of equal ones the earlier first. */
  readonly most: readonly number[];
  /** How many are more than nothing. */
  readonly distinct: number;
}

export function mostFrequent(counts: Uint32Array, top: number): MostFrequent {
  const most: number[] = [];
  let distinct = 0;
  // What comes must be more than this to be among them.
  let least = 0;
  for (let at = 0; at < counts.length; at++) {
    const count = counts[at] as number;
    if (count === 0) continue;
    distinct += 1;
    if (count <= least) continue;
    let [low, high] = [0, most.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((counts[most[middle] as number] as number) >= count) low = middle + 1;
      else high = middle;
    }
    most.splice(low, 0, at);
    if (most.length > top) most.pop();
    if (most.length === top) least = counts[most.at(-1) as number] as number;
  }
  return { most, distinct };
}
