// What can be chosen for an answer or a new rule, and what the choice would mean, as a sentence.
import type { Listed, PromptView } from '#model/api.ts';
import type { Answer } from '#model/prompt.ts';
import type { Lifetime, RuleText } from '#model/rule.ts';
import { programName } from '#model/sentence.ts';
import { listsHaving, nameOfAnswer, ruleFromAnswer } from '#policy/answer.ts';
import { formatRule } from '#policy/show/format.ts';
import { ok, type Result } from '#std/result.ts';
import { escapeText } from '#std/text.ts';

/** What is answered for: a question, or a connection of which a rule is to be made. */
export type Subject = Pick<PromptView, 'id' | 'attempt' | 'names' | 'user'> & { readonly lists: readonly Listed[] };
export type Scope = Answer['scope'];

export interface Choice<Value> {
  /** Unlike that of the others. */
  readonly key: string;
  readonly text: string;
  readonly value: Value;
}

const lifetimeTexts = [
  ['once', 'once, no rule'],
  ['exit', 'until it exits'],
  ['15m', '15 minutes'],
  ['boot', 'until reboot'],
  ['always', 'always'],
  ['here', 'on this network only'],
] as const;

export const lifetimeChoices: readonly Choice<Lifetime>[] = lifetimeTexts.map(([value, text]) => ({
  key: value,
  text,
  value,
}));
/** A rule that no question asked for cannot be for once or for a process. */
export const ruleLifetimes = lifetimeChoices.filter(({ value }) => value !== 'once' && value !== 'exit');

/** What a question shows is answered for, also where it has another name by the time of the answer. */
export function firstScope({ names: [newest] }: Pick<Subject, 'names'>): Scope {
  const to = newest === undefined ? ({ to: 'destination' } as const) : ({ to: 'name', name: newest.name } as const);
  return { who: 'app', ...to, port: 'port', user: 'user' };
}

export function whoChoices({ attempt }: Subject): readonly Choice<Scope['who']>[] {
  const { process } = attempt;
  if (process === undefined || process.kernel === true)
    return [{ key: 'app', text: programName(attempt), value: 'app' }];
  const sandbox = typeof (process.flatpak ?? process.snap ?? process.container) === 'string';
  const isOne = process.pid !== undefined && process.startTime !== undefined;
  return [
    ...(isOne ? [{ key: 'process', text: `this process (${process.pid})`, value: 'process' as const }] : []),
    { key: 'app', text: programName(attempt), value: 'app' },
    ...(sandbox || process.script || typeof process.exe !== 'string'
      ? []
      : [{ key: 'children', text: 'and what it starts', value: 'children' as const }]),
  ];
}

type Place = Pick<Scope, 'to' | 'name' | 'list'>;

/** Where to: its names, their registered domains, the lists that have it, its address, anywhere. */
export function placeChoices({ attempt, names, lists }: Subject): readonly Choice<Place>[] {
  const choices: Choice<Place>[] = [];
  const seen = new Set<string>();
  const add = (key: string, text: string, value: Place) => {
    if (!seen.has(key)) choices.push({ key, text, value });
    seen.add(key);
  };
  const shown = names.slice(0, 8);
  for (const { name } of shown) add(`name ${name}`, escapeText(name), { to: 'name', name });
  for (const { name, domain } of shown) {
    if (domain !== null) add(`domain ${domain}`, `${escapeText(domain)} and below`, { to: 'domain', name });
  }
  for (const list of listsHaving(lists))
    add(`list ${list}`, `all of the list ${escapeText(list)}`, { to: 'list', list });
  add('destination', attempt.flow.remote.address, { to: 'destination' });
  add('any', 'anywhere', { to: 'any' });
  return choices;
}

export function placeKey({ to, name, list }: Place, { names }: Pick<Subject, 'names'>): string {
  if (to === 'domain') return `domain ${names.find((one) => one.name === name)?.domain ?? ''}`;
  if (to === 'name') return `name ${name}`;
  return to === 'list' ? `list ${list}` : (to ?? '');
}

export function portChoices({ attempt }: Subject): readonly Choice<Scope['port']>[] {
  const { flow } = attempt;
  const port = (flow.direction === 'in' ? flow.local?.port : flow.remote.port) ?? 0;
  return [
    { key: 'port', text: port === 0 ? flow.protocol : `port ${port}/${flow.protocol}`, value: 'port' },
    { key: 'any', text: 'any port and protocol', value: 'any' },
  ];
}

export const userText = ({ user, attempt }: Pick<Subject, 'user' | 'attempt'>): string | undefined =>
  user !== null ? escapeText(user) : attempt.process?.uid === undefined ? undefined : `uid ${attempt.process.uid}`;

/** The rules that it would make; the error is a sentence. */
export function rulesOf(subject: Subject, answer: Answer): Result<readonly RuleText[]> {
  const { id, attempt, names, lists, user } = subject;
  const domainOf = (name: string) => names.find((known) => known.name === name)?.domain ?? undefined;
  const asked = { id, attempt, opened: 0, deadline: 0, flows: 0, packets: 0, rule: null };
  return ruleFromAnswer(asked, answer, { userName: user ?? undefined, domainOf, lists });
}

const untilTexts: Readonly<Record<string, string>> = {
  exit: ', until this process exits',
  boot: ', until the next reboot',
  always: ', always',
  here: ', on this network only',
};

/** `/usr/bin/curl of user alice to site.example on port 443/tcp, always`: what is answered for, without the answer. */
export function meaningOf(subject: Subject, answer: Answer): Result<string> {
  const made = rulesOf(subject, answer);
  if (!made.ok) return made;
  if (answer.lifetime === 'once') {
    const { names, lists, attempt } = subject;
    const domainOf = (name: string) => names.find((known) => known.name === name)?.domain ?? undefined;
    const called = nameOfAnswer(attempt, answer.scope, { domainOf, lists });
    const to = called.ok && called.value !== undefined ? ` to ${escapeText(called.value)}` : '';
    return ok(`the waiting connections${to}, and no rule`);
  }
  const user = userText(subject);
  const sentences = made.value.map((rule) => {
    const named = rule.user !== undefined && user !== undefined ? { ...rule, user } : rule;
    return formatRule(named).slice(rule.action.length + 1);
  });
  const until = untilTexts[answer.lifetime] ?? `, for ${answer.lifetime.replace(/m$/, ' minutes')}`;
  return ok(`${sentences.join('; ')}${until}`);
}
