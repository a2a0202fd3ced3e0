// What the pages ask of a journal with a million connections, and how long each answer takes: all of them within 50 ms.
//   node bench/history.ts [CONNECTIONS [FILE]]     FILE is kept, and taken as it is where it is there
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { HistoryThread } from '#daemon/control/history/thread.ts';
import { parseQuery } from '#model/query/query.ts';
import { type LogFilter, readApps, readConnections, readLog } from '#store/history.ts';
import { Journal } from '#store/journal.ts';
import { fillJournal } from '../test/web/bigjournal.ts';

const count = Number(process.argv[2] ?? 1_000_000);
const now = Date.UTC(2026, 10, 26, 12);
const turns = 40;
const day = 86_400_000;
const say = (text: string) => process.stdout.write(`${text}\n`);

const folder = mkdtempSync(join(tmpdir(), 'postern-history-'));
const file = process.argv[3] ?? join(folder, 'journal.db');
const isThere = existsSync(file);
const journal = new Journal({ file, maxAgeMs: 1e15, maxBytes: 1e12, now: () => now, onNotice: say });
const thread = new HistoryThread(file);

const queryOf = (text: string) => {
  const query = parseQuery(text);
  if (!query.ok) throw new Error(query.error.message);
  return query.value;
};
const users = { 0: 'root', 1000: 'alice', 1001: 'bob' };

const rows: string[] = [];
async function measure(what: string, work: () => unknown): Promise<void> {
  const times: number[] = [];
  const cpu = process.cpuUsage();
  for (let turn = 0; turn < turns; turn++) {
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  const { user, system } = process.cpuUsage(cpu);
  times.sort((a, b) => a - b);
  const at = (share: number) =>
    (times[Math.min(times.length - 1, Math.floor(times.length * share))] as number).toFixed(1);
  rows.push(
    `${what.padEnd(62)} p50 ${at(0.5).padStart(6)} ms   p95 ${at(0.95).padStart(6)} ms   most ${at(1).padStart(6)} ms   of processor time ${((user + system) / 1000 / turns).toFixed(1).padStart(6)} ms`,
  );
  say(rows.at(-1) as string);
}

const list = (text: string, page: { before?: number; limit: number }, uid?: number) => async () => {
  const found = await thread.ask('list', { query: queryOf(text), scope: { users, uid }, page });
  if (!found.ok) throw new Error(found.error);
  return readConnections(journal, found.value, uid);
};
const facets = (text: string, since?: number, uid?: number) => async () => {
  const found = await thread.ask('facets', { query: queryOf(text), scope: { users, since, uid }, top: 12 });
  if (!found.ok) throw new Error(found.error);
  return found.value;
};
const groups =
  (
    by: 'app' | 'domain' | 'name' | 'address',
    text: string,
    since?: number,
    earlier?: { since: number; until: number },
  ) =>
  async () => {
    const found = await thread.ask('groups', { query: queryOf(text), scope: { users, since }, by, top: 100, earlier });
    if (!found.ok) throw new Error(found.error);
    return found.value;
  };

try {
  let began = performance.now();
  if (!isThere) fillJournal(journal, count, now);
  say(
    `${count} connections written in ${((performance.now() - began) / 1000).toFixed(1)} s; ${(journal.fileBytes() / 1e6).toFixed(0)} MB; load average ${loadavg()
      .map((one) => one.toFixed(1))
      .join(' ')}`,
  );
  const before = process.memoryUsage.rss();
  began = performance.now();
  await facets('')();
  say(
    `columns filled, first answer after ${((performance.now() - began) / 1000).toFixed(2)} s; memory ${((process.memoryUsage.rss() - before) / 1e6).toFixed(0)} MB more`,
  );
  const log = (filter: Partial<LogFilter>) => () => readLog(journal, { limit: 200, ...filter });
  await measure('log: newest 200', log({}));
  await measure("log: newest 1000 without Postern's own", log({ own: false, limit: 1000 }));
  await measure('log: 200 before the middle', log({ before: count / 2 }));
  await measure('log: 200 of one user', log({ uid: 1002 }));
  await measure('list: app:curl verdict:reject', list('app:curl verdict:reject -own:yes', { limit: 200 }));
  await measure(
    'list: app:curl verdict:reject, 200 before the middle',
    list('app:curl verdict:reject', { before: count / 2, limit: 200 }),
  );
  await measure('list: what nothing is', list('name:nothing.example', { limit: 200 }));
  await measure('list: free text, rare', list('site-749 -own:yes', { limit: 200 }));
  await measure('list: name:*.site-1.com country:!DE', list('name:*.site-1.com country:!DE', { limit: 200 }));
  await measure('list: address:198.18.3.0/24 port:80', list('address:198.18.3.0/24 port:80', { limit: 200 }));
  await measure('list: one user, verdict:drop', list('verdict:drop', { limit: 200 }, 1002));
  await measure('facets: everything', facets(''));
  await measure("facets: without Postern's own", facets('-own:yes'));
  await measure('facets: app:firefox', facets('app:firefox -own:yes'));
  await measure('facets: verdict:reject country:!DE, 7 days', facets('verdict:reject country:!DE', now - 7 * day));
  await measure('facets: a third of all, by three fields', facets('own:no country:!DE port:443'));
  await measure('facets: free text', facets('site-1 -own:yes'));
  await measure('facets: 24 hours', facets('-own:yes', now - day));
  await measure('facets: one user', facets('-own:yes', undefined, 1002));
  await measure('groups: by app', groups('app', '-own:yes'));
  await measure('groups: by domain', groups('domain', '-own:yes'));
  await measure('groups: by address, verdict:reject', groups('address', 'verdict:reject'));
  await measure(
    'groups: by domain, 7 days beside the 7 before',
    groups('domain', '-own:yes', now - 7 * day, { since: now - 14 * day, until: now - 7 * day }),
  );
  await measure(
    'groups: by domain, 15 days beside the 15 before',
    groups('domain', '-own:yes', now - 15 * day, { since: now - 30 * day, until: now - 15 * day }),
  );
  await measure('apps', () => readApps(journal));
  say(
    `load average ${loadavg()
      .map((one) => one.toFixed(1))
      .join(' ')}`,
  );
} finally {
  thread.close();
  journal.close();
  rmSync(folder, { recursive: true });
}
