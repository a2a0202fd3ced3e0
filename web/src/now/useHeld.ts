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

export function useHeld(now: number): Held {
  const version = useLive((live) => live.connections);
  const [holding, hold] = useState(false);
  const [kept, keep] = useState<{ lines: readonly LogLine[]; time: number }>(() => ({
    lines: recent.all(),
    time: now,
  }));
  const shown = useRef(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the connections
  useEffect(() => {
    if (holding && kept.lines.length > 0) return;
    const lines = recent.all();
    shown.current = place(lines);
    keep({ lines, time: now });
  }, [version, holding, now]);
  const release = () => {
    const lines = recent.all();
    shown.current = place(lines);
    keep({ lines, time: Date.now() });
  };
  const waiting = holding ? recent.all().filter(({ sequence }) => sequence > shown.current).length : 0;
  return { ...kept, waiting, release, hold };
}
