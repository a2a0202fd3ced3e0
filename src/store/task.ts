// One piece of work on a thread of its own, which ends with it: what needs too much memory ends only the thread.
import { Worker } from 'node:worker_threads';
import { fail, type Result } from '#std/result.ts';

/**
 * The file `program` gets `task` as its workerData, and posts a Result. `maxHeapMb`: of objects; bytes are outside of it.
 * `failed` makes the error of what the thread ended of, or of nothing where it ended without a word.
 */
export function runTask<T>(
  program: string,
  task: unknown,
  maxHeapMb: number,
  failed: (why: string | undefined) => string,
): Promise<Result<T>> {
  return new Promise((resolve) => {
    const worker = new Worker(program, {
      workerData: task,
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
    });
    worker.once('message', resolve);
    worker.once('error', ({ message }) => resolve(fail(failed(message))));
    // After a message this changes nothing.
    worker.once('exit', () => resolve(fail(failed(undefined))));
  });
}
