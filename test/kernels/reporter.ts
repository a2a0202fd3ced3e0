// The reporter of node:test inside the emulated machine: one JSON value a line, as results.ts reads them.
import { writeSync } from 'node:fs';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';
import type { Result } from './results.ts';

/** Opened by init: the second serial line. A reporter's own output cannot go there, since it is synced at the end. */
const line = 3;

export default async function* reporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    const result = resultOf(event);
    if (result !== undefined) writeSync(line, `${JSON.stringify(result)}\n`);
  }
  yield '';
}

function resultOf(event: TestEvent): Result | undefined {
  if (event.type === 'test:pass' && event.data.details.type !== 'suite') {
    const { name, skip, details } = event.data;
    if (skip === undefined) return { type: 'pass', name, duration: details.duration_ms };
    return { type: 'skip', name, reason: typeof skip === 'string' ? skip : '' };
  }
  if (event.type === 'test:fail' && event.data.details.type !== 'suite') {
    const { name, details } = event.data;
    const error = inspect(details.error.cause ?? details.error, { breakLength: 120 });
    return { type: 'fail', name, duration: details.duration_ms, error };
  }
  return undefined;
}
