// How many connections began in each equal part of a time, by what became of them: what the chart draws.
import type { LogLine } from '#model/api.ts';

export const chartActions = ['allow', 'ask', 'reject', 'drop'] as const;

export interface Series {
  /** The beginning of each part, in seconds since 1970. */
  readonly times: readonly number[];
  readonly counts: Readonly<Record<LogLine['action'], readonly number[]>>;
}

/** `stepMs` divides the time; parts begin at whole multiples of it, so that they stand still while time goes on. */
export function countByTime(
  lines: readonly Pick<LogLine, 'time' | 'action'>[],
  from: number,
  to: number,
  stepMs: number,
): Series {
  const first = Math.floor(from / stepMs);
  const length = Math.max(1, Math.floor(to / stepMs) - first + 1);
  const zeros = () => new Array<number>(length).fill(0);
  const counts = { allow: zeros(), ask: zeros(), reject: zeros(), drop: zeros() };
  for (const { time, action } of lines) {
    const at = Math.floor(time / stepMs) - first;
    if (at >= 0 && at < length) counts[action][at] = (counts[action][at] ?? 0) + 1;
  }
  return { times: Array.from({ length }, (_, at) => ((first + at) * stepMs) / 1000), counts };
}

/** Each above the one before it, so that the last has the height of all. */
export function stack({ counts }: Series): Record<(typeof chartActions)[number], number[]> {
  const below = counts.allow.map(() => 0);
  const stacked = { allow: below, ask: below, reject: below, drop: below } as Record<
    (typeof chartActions)[number],
    number[]
  >;
  let sum = below;
  for (const action of chartActions) {
    sum = sum.map((value, at) => value + (counts[action][at] ?? 0));
    stacked[action] = sum;
  }
  return stacked;
}
