// A replay of a whole journal: a long one is read by two threads, each from one end of its half.
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Replay } from '#policy/index.ts';
import { halvesOf } from '#store/replay/rows.ts';
import { beginReplay, type ReplayAsked, replayStretch } from './part.ts';
import type { HalfAsked, HalfFound } from './worker.ts';

/** Whatever this process was begun with is for its own first file. */
const ownArgv = ['--disable-warning=ExperimentalWarning'];

/** Below so many places a second thread takes longer to begin than it saves. */
const longJournal = 100_000;

/** `told` hears how many were looked at so far, about. Throws a sentence where the journal cannot be read. */
export async function replayJournal(
  asked: ReplayAsked,
  told: (count: number) => void,
  long = longJournal,
): Promise<Replay> {
  const replay = await beginReplay(asked);
  const [first, second] = halvesOf(asked.journal);
  if (second[1] - first[0] < long) {
    replayStretch(replay, asked, undefined, told);
    return replay;
  }
  const workerData: HalfAsked = { asked, stretch: second };
  const worker = new Worker(join(import.meta.dirname, 'worker.ts'), { workerData, execArgv: ownArgv });
  try {
    // It is heard when this thread has done its own half.
    const found = once(worker, 'message') as Promise<[HalfFound]>;
    found.catch(() => {});
    replayStretch(replay, asked, first, (count) => told(count * 2));
    const [other] = await found;
    if ('error' in other) throw new Error(other.error);
    replay.join(other.part);
    return replay;
  } finally {
    void worker.terminate();
  }
}
