// What the API needs of the control plane.
import type {
  Answered,
  AppView,
  DoctorReport,
  EventView,
  LogLine,
  ModePreview,
  ModeRequest,
  PagesLink,
  PromptView,
  RuleChange,
  RuleView,
  Status,
  Undone,
  VersionView,
} from '#model/api.ts';
import type { Attempt } from '#model/attempt.ts';
import type { Explanation } from '#model/decision.ts';
import type { LearningView, LearnReview, LearnSubject } from '#model/learn/learning.ts';
import type { ChangeSettings, SettingView } from '#model/machine/settings.ts';
import type { ListChange, ListDefinition, ListHit, ListView } from '#model/net/list.ts';
import type { NamesQuery, NameView } from '#model/net/nameview.ts';
import type { ChangeNetwork, Networks, NetworkView, Whereabouts } from '#model/net/network.ts';
import type { Answer } from '#model/prompt.ts';
import type { FieldName } from '#model/query/fields.ts';
import type { Facets, Groups, PreviewRequest, RulePreview } from '#model/query/history.ts';
import type { Query } from '#model/query/query.ts';
import type { SavedView, View } from '#model/query/view.ts';
import type { Lifetime, RuleText } from '#model/rule.ts';
import type { RunReport, RunView, StartRun } from '#model/run/run.ts';
import type { AppDetails } from '#model/shown/appdetails.ts';
import type { RolledBack, VersionDifference } from '#model/shown/difference.ts';
import type { Applied, ApplyFiles, PolicyFiles } from '#model/shown/policyfiles.ts';
import type { RuleTrial, RuleYaml, TryRule } from '#model/shown/ruletext.ts';
import type { SelfTestView } from '#model/shown/selftest.ts';
import type { Result } from '#std/result.ts';
import type { Peer } from './access.ts';
import type { RemoteAccounts } from './remote/accounts.ts';

export interface ServiceError {
  readonly code: 'bad-request' | 'not-permitted' | 'not-found' | 'conflict' | 'too-many' | 'unavailable';
  /** A sentence. */
  readonly message: string;
  readonly hint?: string;
}

export type Served<T> = Result<T, ServiceError>;

export interface LogQuery {
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly app?: string | undefined;
  readonly action?: string | undefined;
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  readonly query: Query;
  readonly limit: number;
}

/** Which connections are counted. */
export interface CountQuery {
  readonly query: Query;
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

export interface GroupQuery {
  readonly by: FieldName;
  readonly limit: number;
  /** The time that it is compared with. */
  readonly earlier: { readonly since?: number | undefined; readonly until?: number | undefined } | undefined;
}

export interface SettingServices {
  list(): readonly SettingView[];
  change(uid: number, change: ChangeSettings): Promise<Served<readonly SettingView[]>>;
}

/** Of History, each user their own; the answers are all that the user has. */
export interface ViewServices {
  list(uid: number): readonly SavedView[];
  keep(uid: number, name: string, view: View): Served<readonly SavedView[]>;
  forget(uid: number, name: string): Served<readonly SavedView[]>;
}

/** A network goes by its id or its name. */
export interface NetworkServices {
  list(): Promise<Networks>;
  change(uid: number, network: string, change: ChangeNetwork): Promise<Served<NetworkView>>;
  forget(uid: number, network: string): Promise<Served<null>>;
}

/** `uid` on a read limits it to that user's programs; undefined: everybody's. On a change it is who made it. */
export interface Services {
  /** `uid`: a user who may not see what others do. */
  status(uid?: number): Promise<Status>;
  /** What this machine can and cannot do for Postern. */
  doctor(): Promise<Served<DoctorReport>>;
  rules(uid?: number): readonly RuleView[];
  addRule(uid: number, rule: RuleText, lifetime: Lifetime): Promise<Served<RuleChange>>;
  changeRule(
    uid: number,
    name: string,
    change: {
      readonly rule?: RuleText | undefined;
      readonly text?: string | undefined;
      readonly enabled?: boolean | undefined;
    },
  ): Promise<Served<RuleChange>>;
  /** Rules as text, and tried before they are kept. */
  readonly trials: { text(name: string): Served<RuleYaml>; try(what: TryRule): RuleTrial };
  removeRule(uid: number, name: string): Promise<Served<RuleChange>>;
  undo(uid: number, version?: number): Promise<Served<Undone>>;
  versions(): readonly VersionView[];
  difference(id: number, to: number | 'now' | undefined): Served<VersionDifference>;
  rollback(uid: number, version: number): Promise<Served<RolledBack>>;
  readonly ruleFiles: PolicyFileServices;
  setMode(uid: number, request: ModeRequest): Promise<Served<Status>>;
  previewLockdown(): ModePreview;
  prompts(uid?: number): readonly PromptView[];
  answer(uid: number, id: string, answer: Answer, own: boolean): Promise<Served<Answered>>;
  log(query: LogQuery, uid?: number): Promise<Served<readonly LogLine[]>>;
  connection(id: string, uid?: number): Served<LogLine>;
  facets(query: CountQuery, fields: readonly FieldName[] | undefined, uid?: number): Promise<Served<Facets>>;
  groups(query: CountQuery, group: GroupQuery, uid?: number): Promise<Served<Groups>>;
  /** `signal`: the asker went away. */
  previewRules(request: PreviewRequest, uid: number | undefined, signal: AbortSignal): Promise<Served<RulePreview>>;
  apps(uid?: number): readonly AppView[];
  app(name: string, uid?: number): Promise<Served<AppDetails>>;
  readonly views: ViewServices;
  readonly lists: ListServices;
  readonly selfTest: { run(): Promise<SelfTestView> };
  readonly learning: LearningServices;
  readonly runs: RunServices;
  names(query: NamesQuery, uid?: number): Promise<Served<readonly NameView[]>>;
  readonly networks: NetworkServices;
  readonly chosen: SettingServices;
  /** On the network `where`, or the one that the machine is on. By the names too that this program knows the far end by, where the attempt says none. */
  explain(attempt: Attempt, uid?: number, where?: Whereabouts): Promise<Explanation>;
  /** Events after this place that the journal still has, and then the new ones, until the result is called. */
  follow(after: number | undefined, uid: number | undefined, listener: (event: EventView) => void): () => void;
  /** A link that logs a browser in; `browser` is the user who runs it, where that is not the asker. */
  pagesLink(peer: Peer, browser?: number): Served<PagesLink>;
  readonly accounts: Pick<RemoteAccounts, 'passwords' | 'set' | 'remove' | 'sessions' | 'endSession'>;
}

/** The rule files as a whole; for administrators. */
export interface PolicyFileServices {
  read(): Served<PolicyFiles>;
  /** What was changed by hand is read, and becomes a version. */
  reload(): Promise<Served<null>>;
  apply(uid: number, asked: ApplyFiles): Promise<Served<Applied>>;
}

/** For administrators. */
export interface LearningServices {
  /** The newest first. */
  list(): readonly LearningView[];
  start(uid: number, subject: LearnSubject, minutes: number): Promise<Served<LearningView>>;
  /** What it has stays to be reviewed. */
  stop(uid: number, name: string): Promise<Served<LearningView>>;
  /** Ends it, and takes it off the list; the rules that came of it stay. */
  forget(uid: number, name: string): Promise<Served<null>>;
  review(name: string): Served<LearnReview>;
  accept(uid: number, name: string, rules: readonly RuleText[]): Promise<Served<RuleChange>>;
}

/** Commands that are confined. For administrators; who began one may ask of it. */
export interface RunServices {
  list(uid?: number): readonly RunView[];
  /** The asker's process is in the cgroup of the command then, so that what it starts is confined. */
  start(peer: Peer, request: StartRun): Promise<Served<RunView>>;
  /** It has started the command, and goes back to where it was. */
  begun(peer: Peer, id: string): Promise<Served<null>>;
  report(peer: Peer, id: string): Promise<Served<RunReport>>;
  end(peer: Peer, id: string): Promise<Served<RunReport>>;
}

export interface ListServices {
  /** With the rules that name each. */
  all(): readonly ListView[];
  add(name: string, definition: ListDefinition): Promise<Served<ListView>>;
  change(name: string, change: ListChange): Promise<Served<ListView>>;
  remove(name: string): Promise<Served<null>>;
  update(name: string | undefined): Promise<Served<readonly ListView[]>>;
  /** Which lists that are on have a name or an address. */
  having(text: string): Promise<readonly ListHit[]>;
}
