// The thread that reads and converts country files: seconds of work, which the API does not wait behind.
import { parentPort, workerData } from 'node:worker_threads';
import { convertGeo, type GeoFiles, halvesThere } from './convert.ts';

export type GeoTask =
  | { readonly type: 'convert'; readonly files: GeoFiles; readonly output: string }
  | { readonly type: 'halves'; readonly file: string };

const task = workerData as GeoTask;
parentPort?.postMessage(task.type === 'convert' ? convertGeo(task.files, task.output) : halvesThere(task.file));
