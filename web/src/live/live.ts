// What is known now, for all pages: who is signed in, the status, the questions, the latest connections, and whether the link lives.
import { useSyncExternalStore } from 'react';
import { connectionsOf, foldEvents, nothingTold, type Told, withPrompts } from '#client/live/fold.ts';
import { RecentConnections } from '#client/live/recent.ts';
import type { EventView, Status } from '#model/api.ts';
import { api, type Person } from '../api/calls.ts';
import { onSignedOut } from '../api/client.ts';
import { follow } from './follow.ts';

export interface Live {
  readonly link: 'starting' | 'live' | 'away' | 'signed-out';
  readonly person: Person | undefined;
  readonly status: Status | undefined;
  readonly told: Told;
  /** Goes up when connections came. */
  readonly connections: number;
}

/** How often what came is shown: pages are drawn at most so often, however much comes. */
const drawMs = 150;
/** Drawing takes one part of so many of the time, so that few frames have to wait for it; but what came is shown within a second. */
const drawShare = 20;
const latestDrawMs = 1000;
const statusEveryMs = 10_000;
const firstConnections = 1000;

export const recent = new RecentConnections();

let live: Live = { link: 'starting', person: undefined, status: undefined, told: nothingTold, connections: 0 };
const listeners = new Set<() => void>();
let waiting: EventView[] = [];
let drawing = false;
/** Milliseconds that the last drawing took. */
let drawTook = 0;
/** The last event heard. */
let place: number | undefined;
let stop: AbortController | undefined;
let stream = new AbortController();

function set(change: Partial<Live>): void {
  live = { ...live, ...change };
  for (const listener of listeners) listener();
}

function draw(): void {
  drawing = false;
  const began = performance.now();
  // Behind what React does of it.
  setTimeout(() => {
    drawTook = performance.now() - began;
  });
  const events = waiting;
  waiting = [];
  const connections = connectionsOf(events);
  recent.add(connections);
  const told = foldEvents(live.told, events);
  if (told.statusChanged !== live.told.statusChanged) void refreshStatus();
  if (told.leftOut !== live.told.leftOut) void refreshPrompts();
  set({ told, connections: recent.version });
}

function hear(events: readonly EventView[]): void {
  for (const event of events) if (event.sequence > (place ?? 0)) place = event.sequence;
  waiting.push(...events);
  if (drawing) return;
  drawing = true;
  setTimeout(draw, Math.min(latestDrawMs, Math.max(drawMs, drawTook * drawShare)));
}

export async function refreshStatus(): Promise<void> {
  const status = await api.status();
  if (status.ok) return set({ status: status.value });
  // A stream through a tunnel that broke says nothing of it.
  if (status.error.kind === 'away' && live.link === 'live') stream.abort();
}

async function refreshPrompts(): Promise<void> {
  const prompts = await api.prompts();
  if (prompts.ok) set({ told: withPrompts(live.told, prompts.value, Date.now()) });
}

/** Before each stream: what no event tells. The place comes first, so that nothing falls between. */
async function begin(): Promise<number | undefined> {
  const person = await api.whoAmI();
  if (!person.ok) return undefined;
  const status = await api.status();
  if (!status.ok) return undefined;
  place ??= status.value.journal.sequence;
  const [prompts, lines] = await Promise.all([
    api.prompts(),
    recent.version === 0 ? api.log({ limit: firstConnections }) : undefined,
  ]);
  if (!prompts.ok) return undefined;
  if (lines?.ok === true) recent.add(lines.value.toReversed());
  set({
    person: person.value,
    status: status.value,
    told: withPrompts(live.told, prompts.value, Date.now()),
    connections: recent.version,
  });
  return place;
}

/** Begins to listen; nothing happens where it listens already. */
export function start(): void {
  if (stop !== undefined) return;
  stop = new AbortController();
  const { signal } = stop;
  const giveUp = () => {
    stream = new AbortController();
    return stream.signal;
  };
  void follow({ begin, hear, state: (link) => set({ link }), giveUp }, signal);
  const every = setInterval(() => {
    if (document.visibilityState === 'visible') void refreshStatus();
  }, statusEveryMs);
  signal.addEventListener('abort', () => clearInterval(every));
}

onSignedOut(() => {
  stop?.abort();
  stop = undefined;
  set({ link: 'signed-out', person: undefined });
});

export function setStatus(status: Status): void {
  set({ status });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The part of what is known that `pick` takes: it must be the same object while nothing of it changes. */
export function useLive<T>(pick: (live: Live) => T): T {
  return useSyncExternalStore(subscribe, () => pick(live));
}
