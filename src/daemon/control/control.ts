// The control plane: rules, questions, modes and the journal behind the API; what the gate tells goes into them.
import type { Peer } from '#api/access.ts';
import type { Pages } from '#api/pages/pages.ts';
import { RemoteAccounts } from '#api/remote/accounts.ts';
import type { CountQuery, GroupQuery, LogQuery, Served, Services } from '#api/services.ts';
import { appOf } from '#attribution/app.ts';
import { EncryptedDnsLog, encryptedQuestion, type Resolvers } from '#attribution/names/encrypteddns.ts';
import type {
  Answered,
  DoctorReport,
  EventView,
  LogLine,
  ModeRequest,
  PromptView,
  RuleView,
  Status,
} from '#model/api.ts';
import type { Attempt } from '#model/attempt.ts';
import type { Connection } from '#model/connection.ts';
import type { Explanation } from '#model/decision.ts';
import type { GateMessage } from '#model/messages.ts';
import { formatAddress } from '#model/net/address.ts';
import { maxNamesListed, type NamesQuery, type NameView, namesForProgram } from '#model/net/nameview.ts';
import type { Whereabouts } from '#model/net/network.ts';
import type { Process } from '#model/process.ts';
import type { Answer } from '#model/prompt.ts';
import type { FieldName } from '#model/query/fields.ts';
import type { PreviewRequest } from '#model/query/history.ts';
import type { Lifetime, RuleText } from '#model/rule.ts';
import type { GateStatus } from '#model/status.ts';
import { nameOfAnswer, namesInList } from '#policy/index.ts';
import { coalesce } from '#std/coalesce.ts';
import { fail, ok } from '#std/result.ts';
import type { GeoFolder } from '#store/geo/geofolder.ts';
import { readApps, readConnection } from '#store/history.ts';
import type { Journal, JournalRow } from '#store/journal.ts';
import type { ListKeeper } from '#store/lists/keeper.ts';
import type { SeenNetworks } from '#store/machine/seennetworks.ts';
import type { RuleStore } from '#store/rulestore.ts';
import type { Checkups } from '../up/checkup.ts';
import type { ControlOptions } from '../up/options.ts';
import { MachineFiles } from './chosen/machinefiles.ts';
import { registeredDomain } from './domains.ts';
import type { GateLink } from './gatelink.ts';
import { History } from './history/history.ts';
import { isOwn } from './history/own.ts';
import type { HistoryThread } from './history/thread.ts';
import { Views } from './history/views.ts';
import { Learner } from './learn/learner.ts';
import { LearningsFile } from './learn/learningsfile.ts';
import { Listing } from './lists/listing.ts';
import { changeMode, previewLockdown } from './modes.ts';
import type { PolicyKeeper } from './policykeeper.ts';
import { Prompts } from './prompts.ts';
import { RuleChanges, type RuleEdit } from './rulechanges.ts';
import { RuleFiles } from './rules/policyfiles.ts';
import { RuleTrials } from './rules/ruletrials.ts';
import { Runs } from './runs/runs.ts';
import { runsFile } from './runs/runsfile.ts';
import { SelfTest } from './selftest/selftest.ts';
import type { SettingsFile } from './settings.ts';
import { appDetails } from './shown/appdetails.ts';
import { ProgramFacts } from './shown/programfacts.ts';
import { hiddenRules, ruleViews } from './shown/ruleviews.ts';
import { Followers } from './told/followers.ts';
import { Spoken } from './told/spoken.ts';

export interface ControlParts {
  readonly version: string;
  readonly options: ControlOptions;
  readonly store: RuleStore;
  readonly journal: Journal;
  readonly journalFile: string;
  /** Counts what the journal has. */
  readonly history: HistoryThread;
  readonly settings: SettingsFile;
  readonly keeper: PolicyKeeper;
  readonly lists: ListKeeper;
  readonly geo: Pick<GeoFolder, 'placeOf' | 'sources'>;
  /** Public resolvers that are asked over HTTPS. */
  readonly resolvers: Resolvers;
  readonly link: () => GateLink;
  readonly now: () => number;
  readonly pages: Pages;
  /** Where only commands are guarded: none is left. */
  readonly onIdle?: () => void;
  readonly settingsFile: string;
  readonly networks: { readonly file: string; readonly seen: SeenNetworks };
  readonly checkups: Pick<Checkups, 'report'>;
  /** A line for whoever reads along. */
  readonly say: (line: string) => void;
  readonly describe: (connection: Connection) => string;
}

type Notice = Exclude<GateMessage, { readonly request: number }>;

/** Stands for the name of a rule that is not the asker's to see. */
const othersAnswer = '(an answer of another user)';

export class Control implements Services {
  readonly #parts: ControlParts;
  readonly #prompts: Prompts;
  readonly #changes: RuleChanges;
  readonly learning: Learner;
  readonly #history: History;
  readonly views: Views;
  readonly trials: RuleTrials;
  readonly ruleFiles: RuleFiles;
  readonly #programFacts: ProgramFacts;
  readonly machine: MachineFiles;
  readonly networks: MachineFiles['networks'];
  readonly chosen: MachineFiles['chosen'];
  readonly accounts: RemoteAccounts;
  readonly lists: Listing;
  readonly selfTest: SelfTest;
  readonly runs: Runs;
  readonly #followers: Followers;
  /** Somebody reads along. */
  readonly #reader: Spoken | undefined;
  readonly #encryptedDns = new EncryptedDnsLog();
  /** Who answers which question just now: the gate says only that it was answered. */
  readonly #answering = new Map<string, string>();
  #modeTimer: NodeJS.Timeout | undefined;

  constructor(parts: ControlParts) {
    this.#parts = parts;
    const { journal, keeper, store, lists, now } = parts;
    this.#prompts = new Prompts({
      journal,
      userName: (uid) => keeper.userName(uid),
      listsWith: (text) => lists.having(text),
      placeOf: (address) => parts.geo.placeOf(address),
    });
    this.#followers = new Followers(journal, now, (row) => this.#line(row));
    this.#reader = parts.options.foreground ? new Spoken(parts) : undefined;
    this.lists = new Listing(parts);
    this.selfTest = new SelfTest({ policy: () => keeper.policy, mode: () => parts.settings.mode(now()), now });
    this.runs = new Runs({
      ...{ now, keeper: () => keeper, link: parts.link },
      file: runsFile(parts.options.stateDir, (text) => this.notice('warning', text)),
      mode: () => parts.settings.mode(now()),
      modeChanges: () => parts.settings.nextChange(),
      onIdle: parts.onIdle,
      record: (type, data) => this.record(type, data),
      notice: (level, text) => this.notice(level, text),
    });
    this.#history = new History({ journal, keeper, now, thread: parts.history });
    this.views = new Views(parts.options.stateDir, (text) => this.notice('warning', text));
    this.trials = new RuleTrials(parts);
    this.#programFacts = new ProgramFacts(journal);
    this.#changes = new RuleChanges({
      store,
      keeper,
      now,
      onChange: (version) => this.record('rules-changed', version),
      onFiles: () => this.machine.look(),
      here: () => this.networks.here(),
    });
    this.ruleFiles = new RuleFiles({ ...parts, changes: this.#changes });
    this.learning = new Learner({
      ...{ keeper, journal, now, changes: this.#changes },
      file: new LearningsFile(parts.options.stateDir, (text) => this.notice('warning', text)),
      notice: (text) => this.notice('info', text),
    });
    this.machine = new MachineFiles(parts, {
      edit: (uid, what, change) => this.#changes.edit(uid, what, [], change),
      record: (type, data) => this.record(type, data),
      notice: (level, text) => this.notice(level, text),
    });
    this.networks = this.machine.networks;
    this.chosen = this.machine.chosen;
    this.accounts = new RemoteAccounts({
      ...{ pages: parts.pages, now },
      record: (type, data) => this.record(type, data),
      userName: (uid) => this.#userName(uid),
    });
  }

  record(type: string, data: unknown): void {
    this.#followers.record(type, data);
  }

  notice(level: 'info' | 'warning' | 'error', text: string): void {
    this.#parts.say(text);
    this.record('notice', { level, text });
  }

  // What the gate tells.

  gateMessage(message: Notice): void {
    const { journal } = this.#parts;
    switch (message.type) {
      case 'hello':
        this.#prompts.replace(message.prompts);
        void this.ruleFiles.reload();
        return;
      case 'connections':
        for (const connection of message.connections) this.#connection(connection);
        return;
      case 'services':
        this.runs.asked(message);
        return;
      case 'hits':
        for (const { rule, hits, lastHit } of message.hits) journal.hit(rule, hits, lastHit);
        return;
      case 'prompt-opened':
      case 'prompt-changed': {
        const view = this.#prompts.put(message.prompt);
        this.#followers.tell(journal.event(message.type, view), view.attempt.process?.uid ?? null);
        return;
      }
      case 'prompt-closed': {
        const owner = this.#prompts.get(message.id)?.attempt.process?.uid ?? null;
        this.#prompts.remove(message.id);
        const by = this.#answering.get(message.id);
        this.#followers.tell(journal.event('prompt-closed', { ...message, ...(by !== undefined && { by }) }), owner);
        return;
      }
      case 'notice':
        this.notice(message.level, message.text);
        return;
    }
  }

  gateLost(): void {
    this.notice('warning', 'The gate is away; the rules in the kernel hold, and it is being started again.');
  }

  #connection(told: Connection): void {
    // As it is now: another table may place the address otherwise.
    const { geo, pages } = this.#parts;
    const own = isOwn(told.attempt.flow, pages.state.url) && ({ own: true } as const);
    const connection = { ...told, ...geo.placeOf(told.attempt.flow.remote.address), ...own };
    const row = this.#parts.journal.connection(connection);
    this.#programFacts.see(connection.attempt.process);
    this.runs.see(connection);
    const question = encryptedQuestion(connection, this.#parts.resolvers);
    if (question !== undefined) this.#encryptedDns.add(connection, question);
    const line = this.#line(row);
    const event: EventView = { sequence: row.sequence, time: connection.lastTime, type: 'connection', data: line };
    this.#followers.tell(event, connection.attempt.process?.uid ?? null);
    this.#reader?.connection(connection);
  }

  #line({ sequence, connection }: JournalRow): LogLine {
    const { process, names = [] } = connection.attempt;
    const [newest] = names;
    return {
      ...connection,
      sequence,
      app: appOf(process as Process | undefined).title,
      user: process?.uid === undefined ? null : this.#userName(process.uid),
      domain: newest === undefined ? null : (registeredDomain(newest.name) ?? null),
      // Found out when it is shown: what is kept is what happened.
      ...(encryptedQuestion(connection, this.#parts.resolvers) !== undefined && { encryptedDns: true }),
    };
  }

  #userName(uid: number): string {
    return this.#parts.keeper.userName(uid) ?? `uid ${uid}`;
  }

  // What people ask.

  async status(uid?: number): Promise<Status> {
    const { version, settings, keeper, journal, journalFile, store, now } = this.#parts;
    const { pausedUntil, revert, revision } = settings.current;
    return {
      version,
      mode: settings.mode(now()),
      pausedUntil: pausedUntil !== null && pausedUntil > now() ? pausedUntil : null,
      revertsAt: revert?.at ?? null,
      revertsTo: revert?.to ?? null,
      failMode: this.chosen.get('fail'),
      revision,
      problems: [...keeper.problems],
      refusal: keeper.refusal,
      gate: await this.#gateStatus(),
      encryptedDns: this.#encryptedDns.list((id) => this.#userName(id), uid),
      journal: { file: journalFile, bytes: journal.fileBytes(), lost: journal.lost, sequence: journal.sequence },
      rulesDir: store.rulesDir,
      places: this.#parts.geo.sources(),
      selfTest: this.selfTest.last,
      pages: this.#parts.pages.status(uid === undefined),
    };
  }

  /** For each the gate reads the kernel's counters anew: many who ask at once cost it no more than one. */
  readonly #gateStatus = coalesce(async (): Promise<GateStatus | null> => {
    const reply = await this.#parts.link().ask({ type: 'status' });
    return reply?.type === 'status' ? reply.status : null;
  });

  rules(uid?: number): RuleView[] {
    return ruleViews(this.#parts, uid);
  }

  addRule(uid: number, rule: RuleText, lifetime: Lifetime) {
    return this.#changes.add(uid, rule, lifetime);
  }

  changeRule(uid: number, name: string, change: RuleEdit) {
    return this.#changes.change(uid, name, change);
  }

  removeRule(uid: number, name: string) {
    return this.#changes.remove(uid, name);
  }

  undo(uid: number, version?: number) {
    return this.#changes.undo(uid, version);
  }

  versions() {
    return this.#parts.store.versions().map((version) => this.#changes.view(version));
  }

  difference(id: number, to: number | 'now' | undefined) {
    return this.#changes.difference(id, to);
  }

  rollback(uid: number, version: number) {
    return this.#changes.rollback(uid, version);
  }

  async setMode(uid: number, request: ModeRequest): Promise<Served<Status>> {
    const { settings, keeper, now } = this.#parts;
    const unheld = this.runs.unheldBy(request);
    if (unheld !== undefined) return fail(unheld);
    const wrong = changeMode(settings, request, now());
    if (wrong !== undefined) return fail({ code: 'bad-request', message: wrong });
    const problem = await keeper.reload();
    this.watchMode();
    const by = keeper.userName(uid) ?? `uid ${uid}`;
    this.record('mode-changed', { ...request, now: settings.mode(now()), by });
    // A broken rule file keeps the last good rules; the new mode holds all the same.
    if (problem !== undefined && keeper.refusal !== null) return fail({ code: 'conflict', message: problem });
    return ok(await this.status());
  }

  /** Wakes when a pause or an unconfirmed mode ends by itself. */
  watchMode(): void {
    const { settings, keeper, now } = this.#parts;
    clearTimeout(this.#modeTimer);
    const next = settings.nextChange();
    if (next === undefined) return;
    this.#modeTimer = setTimeout(
      () => {
        settings.settle(now());
        this.notice('info', `The mode is ${settings.mode(now())} again.`);
        void keeper.reload();
        this.watchMode();
      },
      Math.max(0, next - now()) + 10,
    ).unref();
  }

  previewLockdown() {
    const { journal, keeper, now } = this.#parts;
    return previewLockdown(journal, keeper, now());
  }

  prompts(uid?: number) {
    return this.#prompts.list(uid);
  }

  async answer(uid: number, id: string, answer: Answer, own: boolean): Promise<Served<Answered>> {
    const prompt = this.#prompts.get(id);
    const unknown = {
      code: 'not-found' as const,
      message: `there is no open question ${id}`,
      hint: 'postern prompts lists them',
    };
    // To others, a question about somebody else's program is not there.
    if (prompt === undefined || (own && prompt.attempt.process?.uid !== uid)) return fail(unknown);
    this.#answering.set(id, this.#userName(uid));
    try {
      return await this.#carryOut(uid, prompt, answer);
    } finally {
      this.#answering.delete(id);
    }
  }

  async #carryOut(uid: number, prompt: PromptView, answer: Answer): Promise<Served<Answered>> {
    const { id } = prompt;
    const { app: _, user: __, before: ___, names, lists, ...asked } = prompt;
    const called = nameOfAnswer(asked.attempt, answer.scope, { domainOf: registeredDomain, lists });
    if (!called.ok) return fail({ code: 'conflict', message: called.error });
    const name = called.value ?? null;
    const made = await this.#changes.answered(uid, asked, answer, lists);
    if (!made.ok) return made;
    const listed =
      answer.scope.to === 'list' && name !== null ? namesInList(name.slice('list:'.length), lists) : [name];
    const reply = await this.#tellAnswer(id, answer, listed ?? [null]);
    // With a rule made, the new policy may have closed the question before the answer came to it.
    if (reply?.type === 'refused' && made.value.rules.length === 0)
      return fail({ code: 'conflict', message: reply.error });
    if (reply === undefined)
      return fail({ code: 'unavailable', message: 'the gate is away; the question is asked again' });
    const isMeant = (known: (typeof names)[number]) =>
      listed === undefined || listed.includes(known.name) || name === null || name === `.${known.domain}`;
    const otherNames = names.filter((known) => !isMeant(known)).map((known) => known.name);
    return ok({ ...made.value, name, otherNames });
  }

  /** For each of these names; null: for all that the question holds. What was judged by one of them has closed nothing of the others. */
  async #tellAnswer(prompt: string, answer: Answer, names: readonly (string | null)[]) {
    const link = this.#parts.link();
    const told = names.map((name) => link.ask({ type: 'answer', prompt, answer, ...(name !== null && { name }) }));
    const replies = await Promise.all(told);
    return replies.find((reply) => reply?.type === 'applied') ?? replies[0];
  }

  async log(query: LogQuery, uid?: number): Promise<Served<readonly LogLine[]>> {
    const found = await this.#history.log(query, uid);
    return found.ok ? ok(found.value.map((row) => this.#line(row))) : found;
  }

  connection(id: string, uid?: number): Served<LogLine> {
    const row = readConnection(this.#parts.journal, id, uid);
    return row === undefined
      ? fail({ code: 'not-found', message: `the journal has no connection ${id}` })
      : ok(this.#line(row));
  }

  facets(query: CountQuery, fields: readonly FieldName[] | undefined, uid?: number) {
    return this.#history.facets(query, fields, uid);
  }

  groups(query: CountQuery, group: GroupQuery, uid?: number) {
    return this.#history.groups(query, group, uid);
  }

  previewRules(request: PreviewRequest, uid: number | undefined, signal: AbortSignal) {
    return this.#history.preview(request, uid, signal);
  }

  apps(uid?: number) {
    return readApps(this.#parts.journal, uid).map((app) => ({
      ...app,
      users: app.users.map((id) => this.#userName(id)),
    }));
  }

  app(name: string, uid?: number) {
    return appDetails(this.#parts, name, uid, hiddenRules(this.#parts.keeper, uid));
  }

  async names(query: NamesQuery, uid?: number): Promise<Served<readonly NameView[]>> {
    const reply = await this.#parts.link().ask({ type: 'names', ...query });
    if (reply?.type !== 'names')
      return fail({ code: 'unavailable', message: 'the gate is away; ask again in a moment' });
    // What others asked for is not theirs to see.
    const seen = reply.names.filter(({ asker }) => uid === undefined || asker === null || asker.uid === uid);
    return ok(seen.map((view) => ({ ...view, ...this.#parts.geo.placeOf(view.address) })));
  }

  async explain(attempt: Attempt, uid?: number, where?: Whereabouts): Promise<Explanation> {
    const named = attempt.names.length > 0 ? attempt : { ...attempt, names: await this.#namesFor(attempt, uid) };
    const hidden = hiddenRules(this.#parts.keeper, uid);
    const explanation = this.#parts.keeper.policyAt(where).explain(named, this.#parts.now());
    const { rule, trace } = explanation;
    return {
      ...explanation,
      rule: rule !== null && hidden.has(rule) ? othersAnswer : rule,
      trace: trace.filter((step) => !hidden.has(step.rule)),
    };
  }

  /** What the far end is called for this program, as far as the gate knows. */
  async #namesFor({ process, flow }: Attempt, uid: number | undefined): Promise<Attempt['names']> {
    const known = await this.names({ address: formatAddress(flow.remote.address), limit: maxNamesListed }, uid);
    return known.ok ? namesForProgram(known.value, process) : [];
  }

  follow(after: number | undefined, uid: number | undefined, hear: (event: EventView) => void): () => void {
    return this.#followers.follow(after, uid, hear);
  }

  async doctor(): Promise<Served<DoctorReport>> {
    const report = await this.#parts.checkups.report();
    return report.ok ? report : fail({ code: 'unavailable', message: report.error });
  }

  pagesLink(peer: Peer, browser?: number) {
    return this.#parts.pages.link(peer, browser);
  }

  close(): void {
    clearTimeout(this.#modeTimer);
    this.learning.close();
    this.runs.close();
    this.#programFacts.close();
  }
}
