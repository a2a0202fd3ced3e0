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
import type { ListChange, ListDefinition, ListHit, ListView } from '#model/net/list.ts';
import type { NamesQuery, NameView } from '#model/net/nameview.ts';
import type { Answer } from '#model/prompt.ts';
import type { Lifetime, RuleText } from '#model/rule.ts';
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
  readonly limit: number;
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
    change: { readonly rule?: RuleText | undefined; readonly enabled?: boolean | undefined },
  ): Promise<Served<RuleChange>>;
  removeRule(uid: number, name: string): Promise<Served<RuleChange>>;
  undo(uid: number, version?: number): Promise<Served<Undone>>;
  versions(): readonly VersionView[];
  reload(): Promise<Served<null>>;
  setMode(uid: number, request: ModeRequest): Promise<Served<Status>>;
  previewLockdown(): ModePreview;
  prompts(uid?: number): readonly PromptView[];
  answer(uid: number, id: string, answer: Answer, own: boolean): Promise<Served<Answered>>;
  log(query: LogQuery, uid?: number): readonly LogLine[];
  apps(uid?: number): readonly AppView[];
  lists(): readonly ListView[];
  addList(uid: number, name: string, definition: ListDefinition): Promise<Served<ListView>>;
  removeList(uid: number, name: string): Promise<Served<null>>;
  changeList(uid: number, name: string, change: ListChange): Promise<Served<ListView>>;
  updateLists(uid: number, name: string | undefined): Promise<Served<readonly ListView[]>>;
  testLists(text: string): Promise<readonly ListHit[]>;
  names(query: NamesQuery, uid?: number): Promise<Served<readonly NameView[]>>;
  /** By the names too that this program knows the far end by, where the attempt says none. */
  explain(attempt: Attempt, uid?: number): Promise<Explanation>;
  /** Events after this place that the journal still has, and then the new ones, until the result is called. */
  follow(after: number | undefined, uid: number | undefined, listener: (event: EventView) => void): () => void;
  /** A link that logs a browser in; `browser` is the user who runs it, where that is not the asker. */
  pagesLink(peer: Peer, browser?: number): Served<PagesLink>;
  readonly accounts: Pick<RemoteAccounts, 'passwords' | 'set' | 'remove' | 'sessions' | 'endSession'>;
}
