// How the pages look in this browser: kept here alone, and nobody else's business.
import { useSyncExternalStore } from 'react';

export interface Preferences {
  /** As the system says, or always so. */
  readonly theme: 'auto' | 'light' | 'dark';
  readonly motion: 'auto' | 'reduced';
  readonly times: 'local' | 'utc';
}

const usual: Preferences = { theme: 'auto', motion: 'auto', times: 'local' };
export const choices = {
  theme: ['auto', 'light', 'dark'],
  motion: ['auto', 'reduced'],
  times: ['local', 'utc'],
} as const satisfies { [Key in keyof Preferences]: readonly Preferences[Key][] };

const place = 'postern-look';
const listeners = new Set<() => void>();
let preferences = read();

/** What is not understood is as usual; a browser may keep nothing at all. */
function read(): Preferences {
  try {
    const kept = JSON.parse(localStorage.getItem(place) ?? '{}') as Record<string, unknown>;
    const known = Object.entries(choices).filter(([key, words]) => (words as readonly unknown[]).includes(kept[key]));
    return { ...usual, ...Object.fromEntries(known.map(([key]) => [key, kept[key]])) };
  } catch {
    return usual;
  }
}

function show({ theme, motion }: Preferences): void {
  const { dataset } = document.documentElement;
  dataset.theme = theme;
  dataset.motion = motion;
}

export function prefer(change: Partial<Preferences>): void {
  preferences = { ...preferences, ...change };
  show(preferences);
  try {
    localStorage.setItem(place, JSON.stringify(preferences));
  } catch {
    // It holds until the page is loaded anew.
  }
  for (const listener of listeners) listener();
}

export const inUtc = (): boolean => preferences.times === 'utc';

export function usePreferences(): Preferences {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => preferences,
  );
}

if (typeof document !== 'undefined') show(preferences);
