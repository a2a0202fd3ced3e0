// A thread that reads lists and builds the flat file of all of them, so that nothing else waits for it.
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { ListBuilder } from '#lists/build.ts';
import { parseLists } from '#lists/flat.ts';
import { parseLine } from '#lists/line.ts';
import type { ListReport } from '#lists/read.ts';
import { parseAddress } from '#model/net/address.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { writeAtomically } from '../atomicfile.ts';

export interface ListFile {
  readonly name: string;
  readonly file: string;
  readonly off: readonly string[];
}

export type ListTask =
  /** Reads the lists, and writes the flat file where there is an `output`. */
  | {
      readonly type: 'build';
      readonly lists: readonly ListFile[];
      readonly seed: number;
      readonly output: string | undefined;
    }
  /** Which line of the file says this entry, or covers this address. */
  | { readonly type: 'line'; readonly file: string; readonly entry: string };

export type ListAnswer = Result<readonly ListReport[] | number | undefined>;

function build({ lists, seed, output }: Extract<ListTask, { type: 'build' }>): ListAnswer {
  const builder = new ListBuilder(seed);
  const reports = lists.map(({ name, file, off }) => builder.add(name, readFileSync(file), new Set(off)));
  if (output !== undefined) {
    const bytes = builder.finish();
    const parsed = parseLists(bytes);
    if (!parsed.ok) return fail(`the flat file was made wrong: ${parsed.error}`);
    writeAtomically(output, bytes);
  }
  return ok(reports);
}

function lineOf({ file, entry }: Extract<ListTask, { type: 'line' }>): ListAnswer {
  const lines = readFileSync(file, 'utf8').split('\n');
  const address = parseAddress(entry);
  const at = lines.findIndex((text) => {
    const line = parseLine(text);
    if (line.type === 'names') return line.names.includes(entry);
    if (line.type !== 'range' || address === undefined || line.range.first.family !== address.family) return false;
    const number = ({ w0, w1, w2, w3 }: typeof address) =>
      (BigInt(w0) << 96n) | (BigInt(w1) << 64n) | (BigInt(w2) << 32n) | BigInt(w3);
    return number(line.range.first) <= number(address) && number(address) <= number(line.range.last);
  });
  return ok(at < 0 ? undefined : at + 1);
}

const task = workerData as ListTask;
try {
  parentPort?.postMessage(task.type === 'build' ? build(task) : lineOf(task));
} catch (error) {
  parentPort?.postMessage(fail(error instanceof Error ? error.message : String(error)) satisfies ListAnswer);
}
