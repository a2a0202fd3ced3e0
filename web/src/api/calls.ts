// The operations of the API that the pages use, with their types.
import type {
  Answered,
  AppView,
  DoctorReport,
  LogLine,
  ModePreview,
  ModeRequest,
  PromptView,
  RuleChange,
  RuleView,
  Status,
  Undone,
  VersionView,
} from '#model/api.ts';
import type { AttemptJson } from '#model/attempt.ts';
import type { Explanation } from '#model/decision.ts';
import type { ListChange, ListHit, ListView } from '#model/net/list.ts';
import type { NameView } from '#model/net/nameview.ts';
import type { PasswordView, SessionView } from '#model/pages/login.ts';
import type { Answer } from '#model/prompt.ts';
import type { Lifetime, RuleText } from '#model/rule.ts';
import { ask } from './client.ts';

/** Who is signed in. */
export interface Person {
  readonly user: string;
  readonly uid: number;
  readonly administrator: boolean;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

export interface LogSearch {
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly app?: string | undefined;
  readonly action?: string | undefined;
  readonly after?: number | undefined;
  readonly limit?: number | undefined;
}

/** `?a=1&b=2` of what is said; empty where nothing is. */
export function queryText(values: object): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(values))
    if (value !== undefined && value !== '') query.set(key, String(value));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

const named = (name: string) => encodeURIComponent(name);

export const api = {
  whoAmI: () => ask<Person>('GET', '/pages/session'),
  signOut: () => ask<null>('DELETE', '/pages/session'),
  sessions: () => ask<SessionView[]>('GET', '/pages/sessions'),
  endSession: (id: string) => ask<null>('DELETE', `/pages/sessions/${named(id)}`),
  passwords: () => ask<PasswordView[]>('GET', '/pages/passwords'),
  removePassword: (user: string) => ask<null>('DELETE', `/pages/passwords/${named(user)}`),
  doctor: () => ask<DoctorReport>('GET', '/doctor'),
  status: () => ask<Status>('GET', '/status'),
  setMode: (request: ModeRequest) => ask<Status>('PUT', '/mode', request),
  previewLockdown: () => ask<ModePreview>('GET', '/mode/lockdown'),
  prompts: () => ask<PromptView[]>('GET', '/prompts'),
  answer: (id: string, answer: Answer) => ask<Answered>('POST', `/prompts/${named(id)}/answer`, answer),
  log: (search: LogSearch) => ask<LogLine[]>('GET', `/connections${queryText(search)}`),
  apps: () => ask<AppView[]>('GET', '/apps'),
  rules: () => ask<RuleView[]>('GET', '/rules'),
  addRule: (rule: RuleText, lifetime: Lifetime) => ask<RuleChange>('POST', '/rules', { rule, lifetime }),
  switchRule: (name: string, enabled: boolean) => ask<RuleChange>('PATCH', `/rules/${named(name)}`, { enabled }),
  removeRule: (name: string) => ask<RuleChange>('DELETE', `/rules/${named(name)}`),
  undo: (version?: number) => ask<Undone>('POST', '/undo', version === undefined ? {} : { version }),
  versions: () => ask<VersionView[]>('GET', '/history'),
  reload: () => ask<null>('POST', '/reload'),
  names: (search: { address?: string | undefined; name?: string | undefined; limit?: number }) =>
    ask<NameView[]>('GET', `/names${queryText(search)}`),
  lists: () => ask<ListView[]>('GET', '/lists'),
  changeList: (name: string, change: ListChange) => ask<ListView>('PATCH', `/lists/${named(name)}`, change),
  addList: (name: string, source: string) => ask<ListView>('POST', '/lists', { name, source }),
  updateLists: (name?: string) => ask<ListView[]>('POST', '/lists/update', name === undefined ? {} : { name }),
  removeList: (name: string) => ask<null>('DELETE', `/lists/${named(name)}`),
  listsHaving: (of: string) => ask<ListHit[]>('GET', `/lists/having${queryText({ of })}`),
  explain: (attempt: AttemptJson) => ask<Explanation>('POST', '/explain', attempt),
} as const;
