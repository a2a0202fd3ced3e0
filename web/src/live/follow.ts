// Follows the events: asks again by itself after a break, from the last event that was heard, so that nothing is missed.
import type { EventView } from '#model/api.ts';
import { tellSignedOut } from '../api/client.ts';
import { EventReader } from './sse.ts';

const firstWaitMs = 500;
const longestWaitMs = 10_000;

export interface Follower {
  /** Called before a stream is asked for; the place after which it begins, undefined: it cannot be known now. */
  readonly begin: () => Promise<number | undefined>;
  readonly hear: (events: readonly EventView[]) => void;
  readonly state: (link: 'live' | 'away') => void;
  /** Gives up a stream that hangs, and asks for another: made anew for each stream. */
  readonly giveUp: () => AbortSignal;
}

/** Until the signal comes, or nobody is signed in any more. */
export async function follow({ begin, hear, state, giveUp }: Follower, signal: AbortSignal): Promise<void> {
  let wait = firstWaitMs;
  while (!signal.aborted) {
    const after = await begin();
    if (signal.aborted) return;
    if (after !== undefined) {
      const ended = await listen(after, hear, AbortSignal.any([signal, giveUp()]), () => {
        wait = firstWaitMs;
        state('live');
      });
      if (ended === 'signed-out') return tellSignedOut();
    }
    if (signal.aborted) return;
    state('away');
    await pause(wait, signal);
    wait = Math.min(wait * 2, longestWaitMs);
  }
}

async function listen(
  after: number,
  hear: Follower['hear'],
  signal: AbortSignal,
  opened: () => void,
): Promise<'ended' | 'signed-out'> {
  try {
    const response = await fetch('/api/v1/events', {
      headers: { Accept: 'text/event-stream', 'Last-Event-ID': String(after) },
      cache: 'no-store',
      signal,
    });
    if (response.status === 401) return 'signed-out';
    if (!response.ok || response.body === null) return 'ended';
    opened();
    const reader = new EventReader();
    const stream = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await stream.read();
      if (done) return 'ended';
      const events = reader.read(value);
      if (events.length > 0) hear(events);
    }
  } catch {
    return 'ended';
  }
}

/** Ends early when the network is back or the page is looked at again. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener('online', done);
      document.removeEventListener('visibilitychange', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    window.addEventListener('online', done);
    document.addEventListener('visibilitychange', done);
    signal.addEventListener('abort', done);
  });
}
