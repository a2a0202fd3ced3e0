// The thread that replays the second half of a long journal.
import { parentPort, workerData } from 'node:worker_threads';
import type { ReplayPart } from '#policy/index.ts';
import type { Stretch } from '#store/replay/rows.ts';
import { beginReplay, type ReplayAsked, replayStretch } from './part.ts';

export interface HalfAsked {
  readonly asked: ReplayAsked;
  readonly stretch: Stretch;
}

/** What was found, or a sentence. */
export type HalfFound = { readonly part: ReplayPart } | { readonly error: string };

async function find({ asked, stretch }: HalfAsked): Promise<HalfFound> {
  try {
    const replay = await beginReplay(asked);
    replayStretch(replay, asked, stretch, () => {});
    return { part: replay.part() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.postMessage(await find(workerData as HalfAsked));
