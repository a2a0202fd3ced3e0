// A reporter of node:test that names the skipped tests, one a line, and says nothing of the others.
import type { TestEvent } from 'node:test/reporters';

export default async function* skipped(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    if (event.type !== 'test:pass' || event.data.skip === undefined) continue;
    const reason = typeof event.data.skip === 'string' && event.data.skip !== '' ? event.data.skip : 'no reason given';
    yield `  ${event.data.file ?? ''}: ${event.data.name}: ${reason}\n`;
  }
}
