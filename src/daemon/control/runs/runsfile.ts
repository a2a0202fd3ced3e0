// The commands that are confined, kept so that they still are when Postern comes again.
import { join } from 'node:path';
import { z } from 'zod';
import { type RunState, runStateSchema } from '#model/run/run.ts';
import { StateFile } from '#store/state/statefile.ts';

export type RunsFile = StateFile<readonly RunState[]>;

/** `onProblem` is told in a sentence when the file cannot be read or written. Command lines may have secrets. */
export function runsFile(stateDir: string, onProblem: (text: string) => void): RunsFile {
  return new StateFile({
    file: join(stateDir, 'runs.json'),
    schema: z.array(runStateSchema),
    empty: [],
    unreadable: (file) => `Which commands are confined could not be read from ${file}.`,
    unkept: (file, why) => `Which commands are confined cannot be kept in ${file} (${why}).`,
    onProblem,
    mode: 0o600,
  });
}
