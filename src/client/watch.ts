// Follows a running Postern over its socket: asks again by itself after a break, from the last event that was heard.
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventView, LogLine, PromptView, Status } from '#model/api.ts';
import type { Client, ClientError } from './client.ts';
import { connectionsOf, foldEvents, nothingTold, type Told, withPrompts } from './live/fold.ts';
import { RecentConnections } from './live/recent.ts';

export interface Watched {
  readonly link: 'starting' | 'live' | 'away';
  /** Why the link is away. */
  readonly problem: ClientError | undefined;
  readonly status: Status | undefined;
  readonly told: Told;
}

export interface WatchOptions {
  /** How many connections of before are asked for at first. */
  readonly before: number;
  /** How often the status is asked for, beside when something says that it changed. */
  readonly statusEveryMs: number;
  /** What is known has changed; `lines` are the connections that were told of since the last call. */
  readonly changed: (watched: Watched, lines: readonly LogLine[]) => void;
}

/** What comes is told together at most so often, however much it is. */
const togetherMs = 100;
const firstWaitMs = 250;
const longestWaitMs = 5000;

export class Watch {
  readonly recent = new RecentConnections();
  readonly #client: Client;
  readonly #options: WatchOptions;
  #watched: Watched = { link: 'starting', problem: undefined, status: undefined, told: nothingTold };
  #waiting: EventView[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** The last event that was heard. */
  #place: number | undefined;

  constructor(client: Client, options: WatchOptions) {
    this.#client = client;
    this.#options = options;
  }

  get watched(): Watched {
    return this.#watched;
  }

  /** Until the signal comes. */
  async run(signal: AbortSignal): Promise<void> {
    const every = setInterval(() => void this.refreshStatus(), this.#options.statusEveryMs);
    let wait = firstWaitMs;
    while (!signal.aborted) {
      const begun = await this.#begin();
      if (signal.aborted) break;
      if (begun === undefined) {
        wait = firstWaitMs;
        await this.#client.follow((event) => this.#hear(event), this.#place, signal);
        if (signal.aborted) break;
        this.#tell();
      }
      this.#set({ link: 'away', problem: begun });
      await sleep(wait, undefined, { signal }).catch(() => {});
      wait = Math.min(wait * 2, longestWaitMs);
    }
    clearInterval(every);
    clearTimeout(this.#timer);
  }

  async refreshStatus(): Promise<void> {
    if (this.#watched.link !== 'live') return;
    const status = await this.#client.ask<Status>('GET', '/status');
    if (status.ok && this.#watched.link === 'live') this.#set({ status: status.value });
  }

  /** Before each stream: what no event tells. The place comes first, so that nothing falls between. */
  async #begin(): Promise<ClientError | undefined> {
    const status = await this.#client.ask<Status>('GET', '/status');
    if (!status.ok) return status.error;
    const { sequence } = status.value.journal;
    // A journal that is another one counts anew.
    this.#place = Math.min(this.#place ?? sequence, sequence);
    const prompts = await this.#client.ask<PromptView[]>('GET', '/prompts');
    if (!prompts.ok) return prompts.error;
    const { before } = this.#options;
    if (before > 0 && this.recent.version === 0) {
      const lines = await this.#client.ask<LogLine[]>('GET', `/connections?limit=${before}`);
      if (lines.ok) this.recent.add(lines.value.toReversed());
    }
    const told = withPrompts(this.#watched.told, prompts.value, Date.now());
    this.#set({ link: 'live', problem: undefined, status: status.value, told });
    return undefined;
  }

  #hear(event: EventView): void {
    if (event.sequence > (this.#place ?? 0)) this.#place = event.sequence;
    this.#waiting.push(event);
    this.#timer ??= setTimeout(() => this.#tell(), togetherMs);
  }

  #tell(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const events = this.#waiting;
    this.#waiting = [];
    if (events.length === 0) return;
    const lines = connectionsOf(events);
    this.recent.add(lines);
    const before = this.#watched.told;
    const told = foldEvents(before, events);
    this.#set({ told }, lines);
    if (told.statusChanged !== before.statusChanged) void this.refreshStatus();
    if (told.leftOut !== before.leftOut) void this.#refreshPrompts();
  }

  async #refreshPrompts(): Promise<void> {
    const prompts = await this.#client.ask<PromptView[]>('GET', '/prompts');
    if (prompts.ok) this.#set({ told: withPrompts(this.#watched.told, prompts.value, Date.now()) });
  }

  #set(change: Partial<Watched>, lines: readonly LogLine[] = []): void {
    this.#watched = { ...this.#watched, ...change };
    this.#options.changed(this.#watched, lines);
  }
}
