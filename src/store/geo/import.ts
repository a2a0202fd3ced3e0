// Converting country files on a thread of their own.
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { fail, type Result } from '#std/result.ts';
import type { GeoFiles, GeoSummary } from './convert.ts';
import type { ConvertTask } from './worker.ts';

/** Of objects; the files and tables themselves are outside of it, and bounded by convert.ts. */
const maxHeapMb = 512;

/** As `convertGeo`, without holding up anybody. The thread ends with it; a file that needs too much memory ends only the thread. */
export function importGeo(files: GeoFiles, output: string): Promise<Result<GeoSummary>> {
  const task: ConvertTask = { files, output };
  return new Promise((resolve) => {
    const worker = new Worker(join(import.meta.dirname, 'worker.ts'), {
      workerData: task,
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
    });
    worker.once('message', resolve);
    worker.once('error', ({ message }) => resolve(fail(`The country files could not be converted: ${message}.`)));
    // After a message this changes nothing.
    worker.once('exit', () => resolve(fail('The country files could not be converted: their thread ended early.')));
  });
}
