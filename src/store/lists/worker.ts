// A thread that reads lists and builds the flat file of all of them, so that nothing else waits for it.
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { ListBuilder } from '#lists/build.ts';
import { parseLists } from '#lists/flat.ts';
import type { HashKey } from '#lists/hash.ts';
import { rangeHolds } from '#lists/range.ts';
import { type ListReport, readList } from '#lists/read.ts';
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
      readonly key: HashKey;
      readonly output: string | undefined;
    }
  /** Which line of the file says this entry, or covers this address. */
  | { readonly type: 'line'; readonly file: string; readonly entry: string };

export type ListAnswer = Result<readonly ListReport[] | number | undefined>;

function build({ lists, key, output }: Extract<ListTask, { type: 'build' }>): ListAnswer {
  const builder = new ListBuilder(key);
  const reports = lists.map(({ name, file, off }) => builder.add(name, readFileSync(file), new Set(off)));
  if (output !== undefined) {
    const bytes = builder.finish();
    const parsed = parseLists(bytes);
    if (!parsed.ok) return fail(`the flat file was made wrong: ${parsed.error}`);
    writeAtomically(output, bytes);
  }
  return ok(reports);
}

/** The first line that says so. */
function lineOf({ file, entry }: Extract<ListTask, { type: 'line' }>): ListAnswer {
  const address = parseAddress(entry);
  let found: number | undefined;
  readList(readFileSync(file), {
    name: (bytes, length, _, line) => {
      if (found !== undefined || length !== entry.length) return;
      if (String.fromCharCode(...bytes.subarray(0, length)) === entry) found = line;
    },
    range: (range, _, line) => {
      if (address !== undefined && rangeHolds(range, address)) found ??= line;
    },
  });
  return ok(found);
}

const task = workerData as ListTask;
try {
  parentPort?.postMessage(task.type === 'build' ? build(task) : lineOf(task));
} catch (error) {
  parentPort?.postMessage(fail(error instanceof Error ? error.message : String(error)) satisfies ListAnswer);
}
