// A client that listens: what it knows after events, and after the daemon was away.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogLine } from '#model/api.ts';
import { Client } from './client.ts';
import { Watch } from './watch.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'pt-watch-'));
});
after(() => rmSync(folder, { recursive: true }));

/** A daemon of a few routes; what it was asked for stands in `asked`. */
class Daemon {
  readonly asked: string[] = [];
  prompts: { id: string; app: string }[] = [];
  sequence = 10;
  #streams = new Set<ServerResponse>();
  #server: Server | undefined;

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      const path = (request.url ?? '').replace('/api/v1', '');
      const place = request.headers['last-event-id'];
      this.asked.push(place === undefined ? path : `${path} after ${String(place)}`);
      if (path === '/events') {
        this.#streams.add(response);
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
        return;
      }
      const status = { mode: 'ask', journal: { sequence: this.sequence } };
      const line = { id: 'c-1', sequence: 3 };
      response.end(JSON.stringify(path === '/status' ? status : path === '/prompts' ? this.prompts : [line]));
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(join(folder, 'postern.sock'), resolve));
  }

  tell(type: string, data: unknown): void {
    this.sequence += 1;
    const event = { sequence: this.sequence, time: 1, type, data };
    for (const stream of this.#streams) stream.write(`id: ${event.sequence}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    this.#streams.clear();
    await new Promise((resolve) => this.#server?.close(resolve));
  }
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 60_000;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`waited for ${what}`);
    await sleep(10);
  }
}

test('it hears what happens, says when the daemon is away, and goes on from the last event', async () => {
  const daemon = new Daemon();
  daemon.prompts = [{ id: 'a-1', app: 'curl' }];
  const lines: LogLine[] = [];
  const watch = new Watch(new Client(folder), {
    ...{ before: 5, statusEveryMs: 60_000 },
    changed: (_, told) => lines.push(...told),
  });
  const stop = new AbortController();
  const running = watch.run(stop.signal);
  await until(() => watch.watched.link === 'away', 'that nobody is there');
  assert.equal(watch.watched.problem?.kind, 'no-daemon');

  await daemon.start();
  await until(() => daemon.asked.includes('/events after 10'), 'the stream');
  assert.deepEqual([...watch.watched.told.prompts.keys()], ['a-1']);
  assert.ok(daemon.asked.includes('/connections?limit=5'));
  assert.deepEqual(
    watch.recent.all().map(({ id }) => id),
    ['c-1'],
  );
  daemon.tell('prompt-opened', { id: 'a-2', app: 'wget' });
  daemon.tell('connection', { id: 'c-2', sequence: 12 });
  await until(() => watch.watched.told.prompts.has('a-2') && lines.length === 1, 'the events');

  await daemon.stop();
  await until(() => watch.watched.link === 'away', 'that it is away');
  // Meanwhile one was closed, and one opened.
  daemon.prompts = [
    { id: 'a-2', app: 'wget' },
    { id: 'a-3', app: 'ssh' },
  ];
  await daemon.start();
  await until(() => daemon.asked.includes('/events after 12'), 'the stream from where it was');
  assert.equal(watch.watched.link, 'live');
  assert.deepEqual([...watch.watched.told.prompts.keys()], ['a-2', 'a-3']);
  assert.deepEqual(
    watch.watched.told.closed.map(({ prompt: { id }, outcome }) => [id, outcome]),
    [['a-1', undefined]],
  );

  // A journal that began anew has lower places.
  await daemon.stop();
  daemon.sequence = 4;
  await daemon.start();
  await until(() => daemon.asked.includes('/events after 4'), 'the stream of another journal');
  stop.abort();
  await running;
  await daemon.stop();
});
