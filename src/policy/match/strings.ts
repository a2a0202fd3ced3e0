// One text field of an attempt (path, unit, cgroup …): all patterns of the policy become numbers, and each value met
// is looked up once, so that matching a rule compares integers.
import { type Pattern, patternMatches } from './pattern.ts';

/** The numbers of the pattern sets that a value matches, ascending. */
export interface Matched {
  readonly list: readonly number[];
  has(set: number): boolean;
}

const noMatch: Matched = { list: [], has: () => false };

/** Values remembered for each field; more are looked up anew, so that hostile names cost time but no memory. */
const memorySize = 1024;

export class StringField {
  readonly #numbers = new Map<string, number>();
  readonly #exact = new Map<string, number[]>();
  readonly #wild: { readonly pattern: Pattern; readonly set: number }[] = [];
  readonly #memory = new Map<string, Matched>();
  readonly #below: boolean;

  /** `below`: a value also matches what its parent folders match (cgroups). */
  constructor(below = false) {
    this.#below = below;
  }

  /** The number of "any of these patterns"; equal sets share one. Only while the policy is compiled. */
  number(patterns: readonly Pattern[]): number {
    const key = JSON.stringify(patterns.map((pattern) => pattern.text).sort());
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const set = this.#numbers.size;
    this.#numbers.set(key, set);
    for (const pattern of patterns) {
      if (pattern.type !== 'exact') this.#wild.push({ pattern, set });
      else {
        const sets = this.#exact.get(pattern.value);
        if (sets === undefined) this.#exact.set(pattern.value, [set]);
        else sets.push(set);
      }
    }
    return set;
  }

  match(value: string): Matched {
    const known = this.#memory.get(value);
    if (known !== undefined) return known;
    const matched = this.#compute(value);
    if (this.#memory.size >= memorySize) this.#memory.clear();
    this.#memory.set(value, matched);
    return matched;
  }

  #compute(value: string): Matched {
    const found = new Set<number>();
    this.#collect(value, found, false);
    if (this.#below) {
      for (let at = value.lastIndexOf('/'); at > 0; at = value.lastIndexOf('/', at - 1)) {
        this.#collect(value.slice(0, at), found, true);
      }
      this.#collect('/', found, true);
    }
    if (found.size === 0) return noMatch;
    const list = [...found].sort((a, b) => a - b);
    return { list, has: list.length < 8 ? (set) => list.includes(set) : (set) => found.has(set) };
  }

  #collect(value: string, found: Set<number>, parent: boolean): void {
    for (const set of this.#exact.get(value) ?? []) found.add(set);
    for (const { pattern, set } of this.#wild) {
      if (parent && pattern.type === 'regex') continue;
      if (!found.has(set) && patternMatches(pattern, value)) found.add(set);
    }
  }
}
