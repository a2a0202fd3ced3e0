// The thread of the history: counts connections and tries rules on them, so that nobody else waits behind it.
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { PlaceFiles } from '#kernel/places/placefiles.ts';
import { fail, ok, type Result, unreachable } from '#std/result.ts';
import { Asking } from '#store/columns/asking.ts';
import { registeredDomain } from '../domains.ts';
import type { FromThread, ToThread } from './messages.ts';
import { previewRules } from './preview.ts';
import { ColumnReader } from './reader.ts';

const { file } = workerData as { readonly file: string };
const database = new DatabaseSync(file, { readOnly: true, timeout: 1000 });
const reader = new ColumnReader(database);
const asking = new Asking(reader.columns, registeredDomain);
const places = new PlaceFiles();
const cancelled = new Set<number>();

type Question = Extract<ToThread, { readonly id: number; readonly ask: unknown }>;

async function answer(question: Question): Promise<Result<unknown>> {
  const { type, id, ask } = question;
  if (type !== 'preview') reader.catchUp();
  switch (type) {
    case 'list':
      return ok(asking.list(ask.query, ask.scope, ask.page));
    case 'facets':
      return ok(asking.facets(ask.query, ask.scope, ask.top, ask.fields));
    case 'groups':
      return ok(asking.groups(ask.by, ask.query, ask.scope, ask.top, ask.earlier));
    case 'preview':
      return previewRules(database, ask, places.load(ask.trial.places), pause, () => cancelled.has(id));
    default:
      return unreachable(type);
  }
}

parentPort?.on('message', (message: ToThread) => {
  if (message.type === 'gone') {
    for (const sequence of message.sequences) reader.columns.forget(sequence);
    return;
  }
  if (message.type === 'cancel') {
    cancelled.add(message.id);
    return;
  }
  void answer(message)
    .catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)))
    .then((result) => {
      cancelled.delete(message.id);
      parentPort?.postMessage({ id: message.id, result } satisfies FromThread);
    });
});
