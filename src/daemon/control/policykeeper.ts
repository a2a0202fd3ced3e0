// Keeps the gate's policy what the files and answers say: loads, compiles, sends, and keeps the last good one.
import { PlaceFiles } from '#kernel/places/placefiles.ts';
import type { Accounts, ConfinedRunMessage, PlaceFile, PlacesMessage, Settings } from '#model/messages.ts';
import { formatAddress } from '#model/net/address.ts';
import type { Whereabouts } from '#model/net/network.ts';
import type { RuleRecord } from '#model/rule.ts';
import {
  builtinRules,
  compilePolicy,
  type Diagnostic,
  judgingGuests,
  mergeRuleFiles,
  type ParsedRuleFile,
  type Policy,
  pathsToResolve,
} from '#policy/index.ts';
import { compileRuns, recordsOf } from '#policy/run/compile.ts';
import { confining } from '#policy/run/confine.ts';
import { coalesce } from '#std/coalesce.ts';
import type { RuleStore } from '#store/rulestore.ts';
import type { ControlOptions } from '../up/options.ts';
import type { GateLink } from './gatelink.ts';
import type { Trial } from './history/messages.ts';
import { processLives, readAccounts, readAliases, readResolvers } from './machine.ts';
import type { SettingsFile } from './settings.ts';

/** How often it is looked whether a process has ended, while a rule ends with it. */
const subjectMs = 2000;

interface RuleSet {
  readonly records: readonly RuleRecord[];
  readonly disabled: ReadonlySet<string>;
}

export interface PolicyKeeperPlan {
  readonly store: RuleStore;
  readonly settings: SettingsFile;
  readonly options: ControlOptions;
  readonly link: () => GateLink;
  /** The table of countries and network numbers. */
  readonly geo: () => PlaceFile | null;
  /** The flat file of lists. */
  readonly lists: () => PlaceFile | null;
  /** What is set while Postern runs. */
  readonly chosen: () => Pick<Settings, 'failMode' | 'holdSeconds'>;
  /** Commands that are confined. */
  readonly runs: () => readonly ConfinedRunMessage[];
  /** The network that the machine is on. */
  readonly where: () => Whereabouts;
  readonly now: () => number;
  onProblems(problems: readonly Diagnostic[]): void;
  /** The gate refused a policy that was right for us, such as one that nft would not take. */
  onRefused(error: string): void;
  onApplied(policy: Policy): void;
  /** The rules there are now, also those that are switched off: before the gate is told, and when it follows. */
  onRules(names: ReadonlySet<string>): void;
}

export class PolicyKeeper {
  readonly #plan: PolicyKeeperPlan;
  #set: RuleSet = { records: [], disabled: new Set() };
  #accounts: Accounts = { users: {}, groups: {} };
  #policy: Policy | undefined;
  readonly #places = new PlaceFiles();
  #timer: NodeJS.Timeout | undefined;
  problems: readonly Diagnostic[] = [];
  refusal: string | null = null;

  constructor(plan: PolicyKeeperPlan) {
    this.#plan = plan;
  }

  /** The policy as it was last compiled; the gate follows it unless `refusal` says otherwise. */
  get policy(): Policy {
    this.#policy ??= this.#compile();
    return this.#policy;
  }

  /** As it would be on another network. */
  policyAt(where: Whereabouts | undefined): Policy {
    return where === undefined ? this.policy : this.#compile({ ...this.#context(this.#set), where });
  }

  get records(): readonly RuleRecord[] {
    return this.#set.records;
  }

  get accounts(): Accounts {
    return this.#accounts;
  }

  /** The name of a user; undefined for a uid that no source knows. */
  userName(uid: number): string | undefined {
    return Object.entries(this.#accounts.users).find(([, id]) => id === uid)?.[0];
  }

  /**
   * Reads everything anew and has the gate follow it. Undefined when all is well; otherwise a sentence, and the old policy stays.
   */
  readonly reload = coalesce(() => this.#reload());

  async #reload(): Promise<string | undefined> {
    this.#accounts = await readAccounts();
    const set = this.#load();
    if (set === undefined) {
      await this.#send();
      const [first] = this.problems.filter(({ severity }) => severity === 'error');
      return first && `${first.file}:${first.line}:${first.column}: ${first.message}`;
    }
    this.#set = set;
    this.#tellRules();
    return this.#send();
  }

  /**
   * After a change of the lists or of the tables of places. Where no rule rests on them and none waits for one, the policy
   * stays as it is: another would have the kernel learn everything anew. Ends when the gate goes by it.
   */
  async placesChanged(): Promise<void> {
    const { geo, lists } = this.#asked(this.#set);
    if (geo || lists || this.problems.length > 0) await this.reload();
  }

  /**
   * After the machine has come to another network: what was decided on the one before holds no more. Ends when the gate goes
   * by it. Neither files nor accounts are read first: a directory service may have to be waited for, more so on a new network.
   */
  async whereChanged(): Promise<void> {
    const asks = this.#set.records.some(
      ({ rule }) => rule.profile !== undefined || rule['known-network'] !== undefined,
    );
    if (asks) await this.#send();
  }

  #tellRules(): void {
    this.#plan.onRules(new Set(this.#set.records.map(({ rule }) => rule.name)));
  }

  /** The rules as they stand in the files now; undefined when an error is among them. */
  #load(): RuleSet | undefined {
    const { store, now } = this.#plan;
    const temporary = store
      .temporary()
      .filter(({ subject }) => subject === undefined || processLives(subject.pid, subject.startTime));
    const { set, problems } = this.#merge(store.files(), temporary);
    this.problems = problems;
    this.#plan.onProblems(problems);
    this.#wakeAtExpiry(temporary, now());
    return problems.some(({ severity }) => severity === 'error') ? undefined : set;
  }

  /** What would be wrong if these were the rule files. */
  problemsOf(files: readonly ParsedRuleFile[]): readonly Diagnostic[] {
    return this.#merge(files, this.#plan.store.temporary()).problems;
  }

  #merge(files: readonly ParsedRuleFile[], temporary: readonly RuleRecord[]) {
    const others = [...builtinRules({ resolvers: readResolvers() }), ...temporary];
    const { records, disabled, diagnostics } = mergeRuleFiles(files, others);
    const set: RuleSet = { records, disabled };
    const { problems } = compilePolicy(records, { ...this.#context(set), revision: 0, now: this.#plan.now() });
    return { set, problems: [...diagnostics, ...problems] };
  }

  /** What these rules ask for: a table that no rule asks for takes no memory. */
  #placesFor(set: RuleSet): PlacesMessage {
    const asked = this.#asked(set);
    return { geo: asked.geo ? this.#plan.geo() : null, lists: asked.lists ? this.#plan.lists() : null };
  }

  /** What a policy with these rules beside others is made of, for whoever tries them. */
  trial(others: readonly RuleRecord[], tried: readonly RuleRecord[]): Trial {
    const set = { records: [...others, ...tried], disabled: this.#set.disabled };
    const { settings, now } = this.#plan;
    return {
      ...{ tried, records: others, disabled: set.disabled, accounts: this.#accounts },
      aliases: readAliases(pathsToResolve(set.records)),
      places: this.#placesFor(set),
      mode: settings.mode(now()),
    };
  }

  #asked({ records }: RuleSet): { geo: boolean; lists: boolean } {
    const rules = [...records.map(({ rule }) => rule), ...this.#plan.runs().flatMap((run) => run.rules)];
    const ends = rules.flatMap((rule) => [rule.to ?? [], rule.from ?? []].flat());
    return {
      geo: ends.some((text) => /^(country|as):/.test(text)),
      lists: ends.some((text) => text.startsWith('list:')),
    };
  }

  /** What these rules would be compiled with now, beside the revision. */
  contextFor(records: readonly RuleRecord[]) {
    return this.#context({ records, disabled: this.#set.disabled });
  }

  #context(set: RuleSet) {
    const { settings, now } = this.#plan;
    return {
      mode: settings.mode(now()),
      accounts: this.#accounts,
      disabled: set.disabled,
      places: this.#places.load(this.#placesFor(set)),
      where: this.#plan.where(),
      aliases: readAliases(pathsToResolve([...set.records, ...this.#plan.runs().flatMap((run) => recordsOf(run, []))])),
    };
  }

  #compile(context = this.#context(this.#set)): Policy {
    const { revision } = this.#plan.settings.current;
    const { policy } = compilePolicy(this.#set.records, { ...context, revision });
    const { runs } = compileRuns(this.#plan.runs(), { ...context, revision }, readResolvers().map(formatAddress));
    return judgingGuests(confining(policy, runs));
  }

  /** A rule in minutes ends in the policy by itself; this only takes it out of the list in time. */
  #wakeAtExpiry(temporary: readonly RuleRecord[], now: number): void {
    clearTimeout(this.#timer);
    const subjects = temporary.flatMap(({ subject }) => subject ?? []);
    const ends = subjects.length > 0 ? now + subjectMs : Number.POSITIVE_INFINITY;
    const next = Math.min(ends, ...temporary.map(({ expires }) => expires ?? Number.POSITIVE_INFINITY));
    if (!Number.isFinite(next)) return;
    const look = () => {
      const gone = subjects.some(({ pid, startTime }) => !processLives(pid, startTime));
      if (gone || this.#plan.now() >= next + subjectMs || ends > next) void this.reload();
      else this.#wakeAtExpiry(temporary, this.#plan.now());
    };
    this.#timer = setTimeout(look, Math.min(Math.max(0, next - now) + 50, 2 ** 31 - 1)).unref();
  }

  /** Sends the rules in hand, after a change of the mode or to a gate that has just begun. */
  async #send(): Promise<string | undefined> {
    const { settings, options, link, now } = this.#plan;
    const revision = settings.current.revision + 1;
    settings.change({ revision });
    const context = this.#context(this.#set);
    const { accounts, aliases, mode, where } = context;
    const policy = this.#compile(context);
    this.#policy = policy;
    const reply = await link().ask({
      type: 'policy',
      revision,
      rules: [...this.#set.records],
      disabled: [...this.#set.disabled],
      aliases,
      accounts,
      resolvers: readResolvers().map(formatAddress),
      places: this.#placesFor(this.#set),
      where,
      runs: [...this.#plan.runs()],
      settings: { mode, forward: options.forward, ...this.#plan.chosen() },
    });
    if (reply === undefined) return 'the gate is away; it gets the rules when it is back';
    if (reply.type === 'refused') {
      this.refusal = reply.error;
      this.#plan.onRefused(reply.error);
      return reply.error;
    }
    this.refusal = null;
    this.#tellRules();
    this.#plan.onApplied(policy);
    settings.settle(now());
    return undefined;
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
