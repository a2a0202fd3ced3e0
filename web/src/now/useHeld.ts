// A list that holds still while somebody points at it or reads it, and says how much waits.
import { useEffect, useRef, useState } from 'react';
import type { LogLine } from '#model/api.ts';
import { recent, useLive } from '../live/live.ts';

export interface Held {
  readonly lines: readonly LogLine[];
  /** The time up to which they are. */
  readonly time: number;
  /** Connections that came or changed since. */
  readonly waiting: number;
  /** Shows them now. */
  readonly release: () => void;
  readonly hold: (on: boolean) => void;
}

const place = (lines: readonly LogLine[]) => lines.reduce((most, { sequence }) => Math.max(most, sequence), 0);

export function useHeld(now: number, isShown: (line: LogLine) => boolean): Held {
  const version = useLive((live) => live.connections);
  const [holding, hold] = useState(false);
  const [kept, keep] = useState<{ lines: readonly LogLine[]; time: number }>(() => ({
    lines: recent.all().filter(isShown),
    time: now,
  }));
  const shownWith = useRef(isShown);
  const shown = useRef(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the connections
  useEffect(() => {
    // Whoever changes what is shown wants to see it.
    if (holding && kept.lines.length > 0 && shownWith.current === isShown) return;
    shownWith.current = isShown;
    const lines = recent.all().filter(isShown);
    shown.current = place(lines);
    keep({ lines, time: now });
  }, [version, holding, now, isShown]);
  const release = () => {
    const lines = recent.all().filter(isShown);
    shown.current = place(lines);
    keep({ lines, time: Date.now() });
  };
  const waiting = holding ? recent.all().filter((line) => line.sequence > shown.current && isShown(line)).length : 0;
  return { ...kept, waiting, release, hold };
}
