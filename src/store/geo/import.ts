// Reading and converting country files on a thread of their own.
import { join } from 'node:path';
import type { Result } from '#std/result.ts';
import { runTask } from '../task.ts';
import type { GeoFiles, GeoSummary, HalvesThere } from './convert.ts';
import type { GeoTask } from './worker.ts';

/** Of objects; the files and tables themselves are outside of it, and bounded by convert.ts. */
const maxHeapMb = 512;

const run = <T>(task: GeoTask) =>
  runTask<T>(
    join(import.meta.dirname, 'worker.ts'),
    task,
    maxHeapMb,
    (why) => `The country files could not be converted: ${why ?? 'their thread ended early'}.`,
  );

/** As `convertGeo`, without holding up anybody. */
export function importGeo(files: GeoFiles, output: string): Promise<Result<GeoSummary>> {
  return run({ type: 'convert', files, output });
}

/** As `halvesThere`, without holding up anybody. */
export function findHalves(file: string): Promise<Result<HalvesThere>> {
  return run({ type: 'halves', file });
}
