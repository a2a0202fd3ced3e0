// The real control plane over a journal, its pages on a port, and connections told as fast as is asked: no gate, no kernel.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pages } from '#api/pages/pages.ts';
import { Passwords } from '#api/remote/passwords.ts';
import { Control } from '#daemon/control/control.ts';
import type { GateLink } from '#daemon/control/gatelink.ts';
import { HistoryThread } from '#daemon/control/history/thread.ts';
import { PagesServer } from '#daemon/control/pages/server.ts';
import { PolicyKeeper } from '#daemon/control/policykeeper.ts';
import { SettingsFile } from '#daemon/control/settings.ts';
import type { ControlOptions } from '#daemon/up/options.ts';
import { Journal } from '#store/journal.ts';
import { ListKeeper } from '#store/lists/keeper.ts';
import { SeenNetworks } from '#store/machine/seennetworks.ts';
import { RuleStore } from '#store/rulestore.ts';
import { bigConnection, chance, fillJournal } from './bigjournal.ts';
import { madeStatus } from './madestate.ts';

export interface LoadServer {
  /** As many connections as are asked for, all at once. */
  fill(count: number): void;
  /** A link that logs in whoever runs this. */
  link(): string;
  /** So many connections a second from now on; says how many were told so far. */
  tell(perSecond: number): number;
  close(): void;
}

const batchMs = 50;
/** What was owed for longer is not told any more: a gate, too, waits for a control plane that does not keep up. */
const owedMs = 500;

/** `folder`: for its files; `file`: of the journal. */
export async function startLoadServer(folder: string, file: string): Promise<LoadServer> {
  const rulesDir = join(folder, 'rules.d');
  mkdirSync(rulesDir, { recursive: true });
  // A million connections are more than the journal has room for as it comes, and retention would take them away meanwhile.
  const settingsFile = join(folder, 'settings.yaml');
  writeFileSync(settingsFile, 'journal-days: 3650\njournal-megabytes: 100000\n');
  const { gate } = madeStatus(Date.now(), 0, 0);
  const link = {
    ask: async ({ type }: { readonly type: string }) =>
      type === 'status' ? { type, request: 0, status: gate } : { type: 'applied', request: 0 },
  } as unknown as GateLink;
  const options: ControlOptions = {
    ...{ configDir: folder, stateDir: folder, runtimeDir: folder },
    ...{
      failMode: 'known',
      forward: false,
      onlyRuns: false,
      holdSeconds: 30,
      foreground: false,
      pagesPort: 0,
      remote: null,
    },
  };
  const now = Date.now;
  const passwords = new Passwords({ read: () => undefined, write: () => {} });
  const pages = new Pages({ version: '0', now, passwords, standing: (peer) => ({ user: 'alice', peer }) });
  const parts = {
    ...{ options, link: () => link, pages, now },
    store: new RuleStore({ rulesDir, stateDir: folder, bootId: 'boot', now }),
    settings: new SettingsFile(folder, () => {}),
  } as const;
  const keeper = new PolicyKeeper({
    runs: () => [],
    ...parts,
    ...{ geo: () => null, lists: () => null, where: () => ({}) },
    chosen: () => ({ failMode: 'known', holdSeconds: 30 }),
    ...{ onProblems: () => {}, onRefused: () => {}, onApplied: () => {}, onRules: () => {} },
  });
  await keeper.reload();
  const history = new HistoryThread(file);
  const journal = new Journal({
    ...{ file, maxAgeMs: 1e15, maxBytes: 1e12, now, onNotice: () => {} },
    onGone: (places) => history.forget(places),
  });
  const lists = new ListKeeper({
    ...{ builtin: new Map(), configDir: folder, stateDir: folder, now, onChange: () => {}, onNotice: () => {} },
  });
  const control = new Control({
    ...parts,
    ...{ version: '0', journal, journalFile: file, history, keeper, lists },
    geo: { placeOf: () => ({}), sources: () => ({ countries: null, networks: null }) },
    resolvers: { hasName: () => false, hasAddress: () => false },
    settingsFile,
    networks: { file: join(folder, 'networks.yaml'), seen: new SeenNetworks(join(folder, 'seen.json'), () => {}) },
    checkups: { report: async () => ({ ok: false, error: 'nobody looks' }) },
    say: () => {},
    describe: () => '',
  });
  const server = new PagesServer({ port: 0, pages, services: control, onProblem: () => {} });
  await server.listen();

  const random = chance(2);
  let told = 0;
  let timer: NodeJS.Timeout | undefined;
  const uid = process.geteuid?.() ?? 0;
  /** Others than those that a kept journal has. */
  const start = `live${now().toString(36)}`;
  const stop = () => clearInterval(timer);
  return {
    fill: (count) => fillJournal(journal, count, now()),
    link: () => {
      const made = pages.link({ pid: 1, uid: 0, gid: 0, groups: [] }, uid);
      if (!made.ok) throw new Error(made.error.message);
      return made.value.url;
    },
    tell: (perSecond) => {
      stop();
      if (perSecond === 0) return told;
      let [owed, last] = [0, now()];
      timer = setInterval(() => {
        // What a late timer left out comes with the next: so many they are on the whole.
        owed += (Math.min(owedMs, now() - last) * perSecond) / 1000;
        last = now();
        const connections = [];
        for (; owed >= 1; owed -= 1) connections.push(bigConnection(++told, now(), random, start));
        if (connections.length > 0) control.gateMessage({ type: 'connections', connections });
      }, batchMs);
      return told;
    },
    close: () => {
      stop();
      server.close();
      control.close();
      keeper.close();
      lists.close();
      history.close();
      journal.close();
    },
  };
}
