// The thread that converts country files: seconds of work, which the API does not wait behind.
import { parentPort, workerData } from 'node:worker_threads';
import { convertGeo, type GeoFiles } from './convert.ts';

export interface ConvertTask {
  readonly files: GeoFiles;
  readonly output: string;
}

const { files, output } = workerData as ConvertTask;
parentPort?.postMessage(convertGeo(files, output));
