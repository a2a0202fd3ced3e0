// Asks in the terminal, or reads a line from what is piped in.
import { createInterface, type Interface } from 'node:readline';

let lines: Interface | undefined;
const waiting: string[] = [];
let wake: ((line: string | undefined) => void) | undefined;
let ended = false;

function input(): Interface {
  if (lines !== undefined) return lines;
  lines = createInterface({ input: process.stdin, terminal: false });
  lines.on('line', (line) => {
    if (wake === undefined) waiting.push(line);
    else wake(line);
  });
  lines.on('close', () => {
    ended = true;
    wake?.(undefined);
  });
  return lines;
}

/** The line without its end; undefined when the time is up, the input has ended, or the signal came. */
export async function readAnswer(text: string, withinMs?: number, signal?: AbortSignal): Promise<string | undefined> {
  input();
  process.stdout.write(text);
  const next = waiting.shift();
  if (next !== undefined) return next.trim();
  if (ended) return undefined;
  return new Promise((resolve) => {
    const done = (line: string | undefined) => {
      clearTimeout(timer);
      wake = undefined;
      signal?.removeEventListener('abort', aborted);
      resolve(line?.trim());
    };
    const aborted = () => done(undefined);
    const timer = withinMs === undefined ? undefined : setTimeout(() => done(undefined), withinMs);
    signal?.addEventListener('abort', aborted);
    wake = done;
  });
}

/** Whether no more lines will come. */
export function inputEnded(): boolean {
  return ended && waiting.length === 0;
}

/** Lets the process end although the input is still open. */
export function closeInput(): void {
  lines?.close();
  process.stdin.unref?.();
}
