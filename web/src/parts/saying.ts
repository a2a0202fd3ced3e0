// What the pages say of what was just done, one thing at a time, with a way to undo it.
import type { Failure } from '../api/client.ts';

export interface Saying {
  readonly text: string;
  readonly bad: boolean;
  readonly undo: (() => void) | undefined;
}

let saying: Saying | undefined;
const listeners = new Set<() => void>();

function set(next: Saying | undefined): void {
  saying = next;
  for (const listener of listeners) listener();
}

export function say(text: string, undo?: () => void): void {
  set({ text, bad: false, undo });
}

export function sayFailure({ message, hint }: Failure): void {
  const sentence = `${message.charAt(0).toUpperCase()}${message.slice(1)}`;
  set({
    text: `${/[.!?]$/.test(sentence) ? sentence : `${sentence}.`}${hint === undefined ? '' : ` ${hint}`}`,
    bad: true,
    undo: undefined,
  });
}

export const hush = (): void => set(undefined);

export const sayings = {
  subscribe: (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  current: () => saying,
};
