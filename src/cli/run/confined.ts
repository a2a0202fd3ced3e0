// A command that Postern confines: begun in a cgroup of its own, reported when it has ended.
import { writeFileSync } from 'node:fs';
import { Client } from '#client/client.ts';
import type { RunReport, RunView, StartRun } from '#model/run/run.ts';
import { formatJson } from '#std/text.ts';
import { Ending, exits, orEnd } from '../context.ts';
import { complain, safe } from '../output.ts';
import { begin } from './child.ts';
import { proposedFile } from './learned.ts';
import { formatReport } from './report.ts';

export interface Wanted {
  /** Whole: what is told of it may be cut. */
  readonly command: readonly string[];
  readonly request: StartRun;
  readonly report?: string;
  readonly learn?: string;
  readonly quiet: boolean;
}

/** Its exit code. It is not begun where it cannot be confined: then the error ends us. */
export async function runConfined(
  runtimeDir: string,
  { command, request, report, learn, quiet }: Wanted,
): Promise<number> {
  const client = new Client(runtimeDir);
  const run = await client.ask<RunView>('POST', '/runs', request);
  if (!run.ok && run.error.kind === 'refused' && run.error.code !== 'bad-request') {
    throw new Ending(exits.notPermitted, run.error.message, run.error.hint);
  }
  const { id } = orEnd(run);
  const child = begin(command);
  const watch = new AbortController();
  const begun = await client.ask('POST', `/runs/${id}/begun`, {});
  if (!begun.ok && begun.error.kind !== 'no-daemon') {
    child.kill();
    orEnd(begun);
  }
  void client
    .follow(() => {}, undefined, watch.signal)
    .then(() => {
      if (watch.signal.aborted) return;
      child.forsake();
      complain(
        'Postern is gone. What the kernel knows holds, the rest waits until Postern is back; Ctrl-C ends the command.',
      );
    });
  const code = await child.ended;
  watch.abort();
  const ended = await client.ask<RunReport>('POST', `/runs/${id}/end`, {});
  if (!ended.ok) {
    complain(`what the command tried is not known: ${safe(ended.error.message)}`);
    return code;
  }
  if (report !== undefined) write(report, `${formatJson(ended.value, 2)}\n`);
  if (learn !== undefined) write(learn, proposedFile(ended.value));
  const text = quiet ? '' : formatReport(ended.value);
  // Not among what the command printed.
  if (text !== '') process.stderr.write(`${text}\n`);
  return code;
}

/** The command has run: what cannot be written is said, and its exit code stays. */
function write(file: string, text: string): void {
  try {
    if (file === '-') process.stdout.write(text);
    else writeFileSync(file, text);
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
  }
}
