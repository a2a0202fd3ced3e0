// A list that holds still while somebody points at it or reads it, and says how much waits.
import { useState } from 'react';
import type { LogLine } from '#model/api.ts';
import { recent, useLive } from '../live/live.ts';

export interface Held {
  readonly lines: readonly LogLine[];
  /** The time up to which they are. */
  readonly time: number;
  /** Connections that came or changed since. */
  readonly waiting: number;
  /** Shows them now, and holds no longer. */
  readonly release: () => void;
  readonly hold: (on: boolean) => void;
}

const place = (lines: readonly LogLine[]) => lines.reduce((most, { sequence }) => Math.max(most, sequence), 0);

export function useHeld(now: number, isShown: (line: LogLine) => boolean): Held {
  const version = useLive((live) => live.connections);
  const [holding, hold] = useState(false);
  const look = (time: number) => {
    const lines = recent.all().filter(isShown);
    return { lines, time, place: place(lines), of: { version, now, isShown } };
  };
  const [kept, keep] = useState(() => look(now));
  const { of } = kept;
  // Whoever changes what is shown wants to see it.
  const isStill = holding && kept.lines.length > 0 && of.isShown === isShown;
  // While it is drawn, not behind it: what is not up to date is never drawn.
  if (!isStill && (of.version !== version || of.now !== now || of.isShown !== isShown)) keep(look(now));
  const waiting = holding ? recent.all().filter((line) => line.sequence > kept.place && isShown(line)).length : 0;
  const release = () => {
    keep(look(Date.now()));
    // What is pressed goes away with what waited, and nothing tells of a focus or a pointer that was on it.
    hold(false);
  };
  return { ...kept, waiting, release, hold };
}
