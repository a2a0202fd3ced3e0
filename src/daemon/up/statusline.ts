// What the two processes say to the supervisor on their descriptor 3: one JSON object a line. The control plane has no
// rights and may be taken over, so whatever comes, the supervisor goes on.

import { writeSync } from 'node:fs';

/** Longer lines are nothing that either process says. */
const maxLineBytes = 64 * 1024;

export interface StatusLine {
  /** The gate: in which words. */
  readonly ready?: string | true;
  /** The control plane: where the pages are served. */
  readonly pagesPort?: number;
  /** The control plane: what it would have the supervisor look at. */
  readonly wants?: 'doctor';
  /** The control plane: there is nothing more to do. */
  readonly done?: true;
  /** Why it cannot start. */
  readonly fatal?: string;
}

const descriptor = 3;

/** Says it to the supervisor. Where that is gone there is nobody to start for: this process ends. */
export function tellSupervisor(line: StatusLine): void {
  try {
    writeSync(descriptor, `${JSON.stringify(line)}\n`);
  } catch {
    process.exit(1);
  }
}

function parseStatusLine(line: string): StatusLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { ready, pagesPort, wants, done, fatal } = value as Record<string, unknown>;
  return {
    ...((typeof ready === 'string' || ready === true) && { ready }),
    ...(Number.isInteger(pagesPort) && { pagesPort: pagesPort as number }),
    ...(wants === 'doctor' && { wants }),
    ...(done === true && { done }),
    ...(typeof fatal === 'string' && { fatal }),
  };
}

/** Takes text as it comes; what is no status line is left out. */
export function statusLines(onLine: (line: StatusLine) => void): (text: string) => void {
  let rest = '';
  let tooLong = false;
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const parsed = tooLong || line.length > maxLineBytes ? undefined : parseStatusLine(line);
      tooLong = false;
      if (parsed !== undefined) onLine(parsed);
    }
    if (rest.length > maxLineBytes) {
      rest = '';
      tooLong = true;
    }
  };
}
