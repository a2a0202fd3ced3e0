// The control plane's process: rules on disk, questions, journal and API. Started by the supervisor as the user postern,
// with its options as one JSON argument.
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { Pages } from '#api/pages/pages.ts';
import { Passwords } from '#api/remote/passwords.ts';
import { giveBackLater } from '#kernel/memory.ts';
import { ownTable } from '#kernel/places/owntable.ts';
import { formatConnection } from '#model/sentence.ts';
import { formatDiagnostic } from '#policy/index.ts';
import { escapeText } from '#std/text.ts';
import { readIfThere, writeAtomically } from '#store/atomicfile.ts';
import { GeoFolder } from '#store/geo/geofolder.ts';
import { Journal } from '#store/journal.ts';
import { builtinLists, readKnownResolvers } from '#store/lists/builtin.ts';
import { ListKeeper } from '#store/lists/keeper.ts';
import { networkFileName } from '#store/machine/networkfile.ts';
import { SeenNetworks } from '#store/machine/seennetworks.ts';
import { settingsFileName } from '#store/machine/settingsfile.ts';
import { RuleStore } from '#store/rulestore.ts';
import { Checkups } from '../up/checkup.ts';
import { hearSupervisor } from '../up/handover.ts';
import type { ControlOptions } from '../up/options.ts';
import { tellSupervisor } from '../up/statusline.ts';
import { version } from '../version.ts';
import { Control } from './control.ts';
import { GateLink } from './gatelink.ts';
import { HistoryThread } from './history/thread.ts';
import { bootId, resolverFolders } from './machine.ts';
import { NetworkWatching } from './networks/watching.ts';
import { isReachable } from './pages/reach.ts';
import { RemoteServer } from './pages/remote.ts';
import { PagesServer } from './pages/server.ts';
import { PolicyKeeper } from './policykeeper.ts';
import { serveApi } from './server.ts';
import { SettingsFile } from './settings.ts';
import { watchFolder } from './watch.ts';

process.title = 'postern-control';
process.umask(0o007);

/** For want of the list: then nothing on port 443 is known for what it is. */
const noResolvers = { hasName: () => false, hasAddress: () => false };

const maxAgeMs = 30 * 24 * 3600 * 1000;
const maxBytes = 200 * 1024 * 1024;

const say = (line: string): void => {
  process.stdout.write(`${escapeText(line)}\n`);
};

async function run(options: ControlOptions): Promise<void> {
  const now = () => Date.now();
  const rulesDir = join(options.configDir, 'rules.d');
  const journalFile = join(options.stateDir, 'journal.db');
  const early: string[] = [];
  let notice = (text: string): void => {
    early.push(text);
  };
  const settings = new SettingsFile(options.stateDir, (text) => notice(text));
  settings.settle(now());
  if (options.mode !== undefined) settings.change({ mode: options.mode, pausedUntil: null, revert: null });
  const machineDir = join(options.configDir, 'machine');
  const networksFile = join(machineDir, networkFileName);
  const settingsFile = join(machineDir, settingsFileName);
  const files = { [networkFileName]: networksFile, [settingsFileName]: settingsFile };
  const store = new RuleStore({ rulesDir, stateDir: options.stateDir, files, bootId: bootId(), now });
  const history = new HistoryThread(journalFile);
  const journal = new Journal({
    ...{ file: journalFile, maxAgeMs, maxBytes, now },
    onNotice: (text) => notice(text),
    onGone: (places) => history.forget(places),
  });
  let link: GateLink | undefined;
  let told = '';
  const lists = new ListKeeper({
    builtin: builtinLists,
    configDir: options.configDir,
    stateDir: options.stateDir,
    now,
    onChange: () => keeper.placesChanged(),
    onNotice: (text) => notice(text),
  });
  const geo = new GeoFolder({
    configDir: options.configDir,
    stateDir: options.stateDir,
    ownTable,
    onChange: () => keeper.placesChanged(),
    onNotice: (text) => notice(text),
  });
  let remoteServer: RemoteServer | undefined;
  /** Before the gate follows a policy, nobody knows what holds. */
  let applied = false;
  /** With each policy: a door that no rule opens is said once. */
  const lookAtDoor = () => {
    if (!applied || options.remote === null || pages.remote?.url == null || remoteServer === undefined) return;
    const before = pages.reachable;
    pages.reachable = isReachable(keeper.policy, options.remote.address, remoteServer.port, now());
    if (pages.reachable || before === false) return;
    const rule = `postern rule add allow --direction in --user postern --port ${remoteServer.port} --from 192.0.2.0/24`;
    control.notice('warning', `No rule lets anybody reach the remote pages. Who may, a rule says: ${rule}`);
  };
  const resolvers = readKnownResolvers();
  if (!resolvers.ok) notice(`Encrypted DNS is recognised on port 853 alone: ${resolvers.error}.`);
  const keeper = new PolicyKeeper({
    store,
    settings,
    options,
    link: () => link as GateLink,
    geo: () => geo.current(),
    lists: () => lists.current(),
    chosen: () => ({ failMode: control.chosen.get('fail'), holdSeconds: control.chosen.get('hold') }),
    where: () => control.networks.where(),
    runs: () => control.runs.messages(),
    now,
    onProblems: (problems) => {
      const text = problems.map(formatDiagnostic).join('\n');
      if (text === told) return;
      told = text;
      for (const problem of problems) say(formatDiagnostic(problem));
      if (!problems.some(({ severity }) => severity === 'error')) return;
      control.record('rules-broken', problems);
      say('The rule files have errors; the last good policy stays.');
    },
    onRefused: (error) => control.notice('error', `The gate refused the policy, and the old one stays: ${error}`),
    onRules: (names) => journal.keepHits(names),
    onApplied: (policy) => {
      control.record('policy-applied', { revision: policy.revision, mode: policy.mode });
      applied = true;
      lookAtDoor();
    },
  });
  const passwordFile = join(options.stateDir, 'passwords.json');
  const passwords = new Passwords({
    read: () => readIfThere(passwordFile),
    write: (text) => writeAtomically(passwordFile, text, 0o600),
  });
  if (passwords.problem !== undefined) {
    notice(`Nobody can log in by password: ${passwordFile} cannot be read (${passwords.problem}).`);
  }
  const pages = new Pages({ version, now, passwords, record: (type, data) => control.record(type, data) });
  const checkups = new Checkups(now);
  const control = new Control({
    version,
    options,
    store,
    journal,
    journalFile,
    history,
    settings,
    keeper,
    lists,
    geo,
    resolvers: resolvers.ok ? resolvers.value : noResolvers,
    link: () => link as GateLink,
    now,
    pages,
    settingsFile,
    networks: {
      file: networksFile,
      seen: new SeenNetworks(join(options.stateDir, 'networks.json'), (text) => notice(text)),
    },
    checkups,
    ...(options.onlyRuns && { onIdle: () => tellSupervisor({ done: true }) }),
    say,
    describe: (connection) => formatConnection(connection, (uid) => keeper.userName(uid)),
  });
  notice = (text) => control.notice('warning', text);
  for (const text of early) notice(text);
  const networks = new NetworkWatching(control.networks, () => link as GateLink);
  link = new GateLink({
    path: join(options.runtimeDir, 'gate.sock'),
    onMessage: (message) => control.gateMessage(message),
    onLost: () => control.gateLost(),
    onNonsense: (error) => say(`A message of the gate was not understood: ${error}`),
  });
  const watcher = watchFolder(rulesDir, /\.ya?ml$/, () => void control.ruleFiles.reload());
  const machineWatcher = watchFolder(machineDir, /\.yaml$/, () => control.machine.look());
  const geoWatcher = watchFolder(geo.folder, /^[^.]/, () => void geo.look());
  void geo.look();
  const listWatcher = watchFolder(lists.definitions.folder, /\.ya?ml$/, () => void lists.look());
  void lists.look();
  // Other name servers: what they say counts, and they may be asked.
  const resolverWatchers = resolverFolders().map((folder) =>
    watchFolder(folder, /resolv\.conf$/, () => void keeper.reload()),
  );
  await control.runs.recall();
  control.watchMode();
  const server = await serveApi(join(options.runtimeDir, 'postern.sock'), control);
  const pagesServer = await servePages(options.pagesPort, pages, control);
  const { remote } = options;
  if (remote !== null) {
    const say = (level: 'info' | 'warning', text: string) => control.notice(level, text);
    remoteServer = new RemoteServer({ remote, stateDir: options.stateDir, pages, services: control, now, say });
    if (passwords.size === 0)
      say('warning', 'No account has a password for the remote pages; set one with: postern password set');
    await remoteServer.takeOwn();
    lookAtDoor();
  }
  tellSupervisor({ ready: true, ...(pagesServer !== undefined && { pagesPort: pagesServer.port }) });
  giveBackLater();
  flushCompileCache(); // for the next one: this one may be killed at any time

  const stop = () => {
    watcher.close();
    machineWatcher.close();
    networks.close();
    for (const one of resolverWatchers) one.close();
    geoWatcher.close();
    listWatcher.close();
    lists.close();
    control.close();
    keeper.close();
    link?.close();
    journal.close();
    server.close();
    pagesServer?.close();
    remoteServer?.close();
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', () => {}); // Ctrl-C reaches every process of the terminal; the supervisor tells us.
  process.on('SIGHUP', () => {
    say('Reading the rules again.');
    void control.ruleFiles.reload();
    void remoteServer?.takeOwn();
  });
  hearSupervisor((handed) => {
    if ('doctor' in handed) checkups.hear(handed.doctor);
    else void remoteServer?.take(handed).then(lookAtDoor);
  });
}

/** Without its port Postern goes on: the commands do all that the pages do. */
async function servePages(port: number | null, pages: Pages, control: Control): Promise<PagesServer | undefined> {
  if (port === null) return undefined;
  const onProblem = (problem: string) => control.notice('warning', `The pages are not served: ${problem}.`);
  const server = new PagesServer({ port, pages, services: control, onProblem });
  await server.listen();
  return server;
}

await run(JSON.parse(process.argv[2] ?? '{}') as ControlOptions);
