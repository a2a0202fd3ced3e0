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
import type { LearningView, LearnReview, LearnSubject } from '#model/learn/learning.ts';
import type { ChangeSettings, SettingView } from '#model/machine/settings.ts';
import type { ListChange, ListHit, ListView } from '#model/net/list.ts';
import type { NameView } from '#model/net/nameview.ts';
import type { ChangeNetwork, Networks, NetworkView } from '#model/net/network.ts';
import type { PasswordView, SessionView } from '#model/pages/login.ts';
import type { Answer } from '#model/prompt.ts';
import type { FieldName } from '#model/query/fields.ts';
import type { Facets, Groups, PreviewRequest, RulePreview } from '#model/query/history.ts';
import type { SavedView, View } from '#model/query/view.ts';
import type { Lifetime, RuleText } from '#model/rule.ts';
import type { RunReport, RunView } from '#model/run/run.ts';
import type { AppDetails } from '#model/shown/appdetails.ts';
import type { RolledBack, VersionDifference } from '#model/shown/difference.ts';
import type { RuleTrial, RuleYaml, TryRule } from '#model/shown/ruletext.ts';
import type { SelfTestView } from '#model/shown/selftest.ts';
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
  readonly before?: number | undefined;
  /** In the language of the journal. */
  readonly q?: string | undefined;
  readonly limit?: number | undefined;
}

export interface GroupSearch extends Pick<LogSearch, 'q' | 'since' | 'until' | 'limit'> {
  readonly by: FieldName;
  readonly earlierSince?: number | undefined;
  readonly earlierUntil?: number | undefined;
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
  selfTest: () => ask<SelfTestView>('POST', '/self-test', {}),
  doctor: () => ask<DoctorReport>('GET', '/doctor'),
  status: () => ask<Status>('GET', '/status'),
  setMode: (request: ModeRequest) => ask<Status>('PUT', '/mode', request),
  previewLockdown: () => ask<ModePreview>('GET', '/mode/lockdown'),
  prompts: () => ask<PromptView[]>('GET', '/prompts'),
  answer: (id: string, answer: Answer) => ask<Answered>('POST', `/prompts/${named(id)}/answer`, answer),
  log: (search: LogSearch) => ask<LogLine[]>('GET', `/connections${queryText(search)}`),
  facets: (search: Pick<LogSearch, 'q' | 'since' | 'until'> & { readonly fields?: string }) =>
    ask<Facets>('GET', `/connections/facets${queryText(search)}`),
  groups: (search: GroupSearch) => ask<Groups>('GET', `/connections/groups${queryText(search)}`),
  connection: (id: string) => ask<LogLine>('GET', `/connections/${named(id)}`),
  previewRules: (request: PreviewRequest, signal: AbortSignal) =>
    ask<RulePreview>('POST', '/rules/preview', request, signal),
  apps: () => ask<AppView[]>('GET', '/apps'),
  app: (name: string) => ask<AppDetails>('GET', `/apps/${named(name)}`),
  rules: () => ask<RuleView[]>('GET', '/rules'),
  addRule: (rule: RuleText, lifetime: Lifetime) => ask<RuleChange>('POST', '/rules', { rule, lifetime }),
  switchRule: (name: string, enabled: boolean) => ask<RuleChange>('PATCH', `/rules/${named(name)}`, { enabled }),
  removeRule: (name: string) => ask<RuleChange>('DELETE', `/rules/${named(name)}`),
  ruleText: (name: string) => ask<RuleYaml>('GET', `/rules/${named(name)}/text`),
  tryRule: (what: TryRule) => ask<RuleTrial>('POST', '/rules/try', what),
  changeText: (name: string, text: string) => ask<RuleChange>('PATCH', `/rules/${named(name)}`, { text }),
  undo: (version?: number) => ask<Undone>('POST', '/undo', version === undefined ? {} : { version }),
  versions: () => ask<VersionView[]>('GET', '/history'),
  difference: (id: number, to?: string) =>
    ask<VersionDifference>('GET', `/history/${id}/difference${queryText({ to })}`),
  rollback: (id: number) => ask<RolledBack>('POST', `/history/${id}/rollback`),
  reload: () => ask<null>('POST', '/reload'),
  names: (search: { address?: string | undefined; name?: string | undefined; limit?: number }) =>
    ask<NameView[]>('GET', `/names${queryText(search)}`),
  lists: () => ask<ListView[]>('GET', '/lists'),
  changeList: (name: string, change: ListChange) => ask<ListView>('PATCH', `/lists/${named(name)}`, change),
  addList: (name: string, source: string) => ask<ListView>('POST', '/lists', { name, source }),
  updateLists: (name?: string) => ask<ListView[]>('POST', '/lists/update', name === undefined ? {} : { name }),
  removeList: (name: string) => ask<null>('DELETE', `/lists/${named(name)}`),
  listsHaving: (of: string) => ask<ListHit[]>('GET', `/lists/having${queryText({ of })}`),
  runs: () => ask<RunView[]>('GET', '/runs'),
  run: (id: string) => ask<RunReport>('GET', `/runs/${named(id)}`),
  learnings: () => ask<LearningView[]>('GET', '/learnings'),
  startLearning: (subject: LearnSubject, minutes: number) =>
    ask<LearningView>('POST', '/learnings', { subject, minutes }),
  reviewLearning: (name: string) => ask<LearnReview>('GET', `/learnings/${named(name)}`),
  stopLearning: (name: string) => ask<LearningView>('POST', `/learnings/${named(name)}/stop`, {}),
  acceptLearned: (name: string, rules: readonly RuleText[]) =>
    ask<RuleChange>('POST', `/learnings/${named(name)}/accept`, { rules }),
  forgetLearning: (name: string) => ask<null>('DELETE', `/learnings/${named(name)}`),
  settings: () => ask<SettingView[]>('GET', '/settings'),
  changeSettings: (change: ChangeSettings) => ask<SettingView[]>('PATCH', '/settings', change),
  networks: () => ask<Networks>('GET', '/networks'),
  changeNetwork: (id: string, change: ChangeNetwork) => ask<NetworkView>('PATCH', `/networks/${named(id)}`, change),
  forgetNetwork: (id: string) => ask<null>('DELETE', `/networks/${named(id)}`),
  views: () => ask<SavedView[]>('GET', '/views'),
  keepView: (name: string, view: View) => ask<SavedView[]>('PUT', `/views/${named(name)}`, view),
  forgetView: (name: string) => ask<SavedView[]>('DELETE', `/views/${named(name)}`),
  explain: (attempt: AttemptJson) => ask<Explanation>('POST', '/explain', attempt),
} as const;
