// The rules that a person's answer makes: for that person's programs alone, as wide as the answer says and no wider.
import type { Listed } from '#model/api.ts';
import { type Attempt, type AttemptJson, attemptFromJson, type DestinationName } from '#model/attempt.ts';
import { formatAddress } from '#model/net/address.ts';
import { hasPorts } from '#model/net/protocol.ts';
import type { Process } from '#model/process.ts';
import type { Answer, AnswerScope, Prompt } from '#model/prompt.ts';
import type { AppCondition, Conditions, RuleText } from '#model/rule.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { parseDestination } from './match/destination.ts';
import { exactPattern } from './match/pattern.ts';
import { nameable, orList, printable } from './show/words.ts';

export interface AnswerNames {
  /** Of the user whose program it is, for the rule's name; its number is what the rule asks for. */
  readonly userName?: string | undefined;
  /** The registered domain of a name, by the public suffix list; undefined where it has none. */
  readonly domainOf?: ((name: string) => string | undefined) | undefined;
  /** The lists that have the far end, by its names or its address. */
  readonly lists?: readonly Listed[] | undefined;
}

/**
 * No rule for "not now" (`once`); two for an app with its children. The error is a sentence that says what cannot be
 * expressed, also of what `once` is for. The caller gives the record its origin (`answer`) and its lifetime.
 */
export function ruleFromAnswer(prompt: Prompt, answer: Answer, names: AnswerNames = {}): Result<readonly RuleText[]> {
  const called = nameOfAnswer(prompt.attempt, answer.scope, names);
  if (!called.ok) return called;
  if (answer.lifetime === 'once') return ok([]);
  const attempt = attemptFromJson(prompt.attempt);
  const { process } = attempt;
  if (process === undefined) {
    return fail('No rule can be made, because the program is not known; answer "once" to judge these packets alone.');
  }
  const { scope } = answer;
  if (scope.user === 'user' && process.uid === undefined) {
    return fail('No rule can be made for this user alone, because the user of the program is not known.');
  }
  const app = scope.who === 'process' ? processApp(process) : recognisableApp(process);
  if (!app.ok) return app;
  const common: Conditions = {
    ...(scope.user === 'user' && process.uid !== undefined && { user: process.uid }),
    ...destinationOf(attempt, answer, called.value),
  };
  const label = ruleLabel(prompt, answer, attempt, called.value, names);
  const rule: RuleText = { name: `${label} @${prompt.id}`, action: answer.action, app: app.value.condition, ...common };
  if (scope.who !== 'children' || app.value.holdsChildren) return ok([rule]);
  if (typeof process.exe !== 'string' || process.script) {
    return fail(
      'The children of this program cannot be told apart, because it is known by its script or hash alone; answer for the app or for the process.',
    );
  }
  const children: RuleText = {
    name: `${label} children @${prompt.id}`,
    action: answer.action,
    ancestor: exactPattern(process.exe),
    ...common,
  };
  return ok([rule, children]);
}

/**
 * The names of the far end that a rule can ask for, the newest first, each once. None of what comes in: that a program asked
 * for a name of the address once does not say who calls now.
 */
export function namesForRules({ flow, names = [] }: Pick<AttemptJson, 'flow' | 'names'>): readonly DestinationName[] {
  if (flow.direction === 'in') return [];
  const first = new Map<string, DestinationName>();
  for (const known of names) if (!first.has(known.name) && asksForName(known.name)) first.set(known.name, known);
  return [...first.values()];
}

/** Whoever runs a name server chooses its names: `*.com`, `10.0.0.1` or `lan` would mean something else in a rule. */
function asksForName(name: string): boolean {
  const read = parseDestination(name);
  if (!read.ok || read.value.place.type !== 'name') return false;
  const { domain, reach } = read.value.place.name;
  return reach === 'exact' && domain === name;
}

/**
 * The name, `.domain` or `list:NAME` that an answer is for, as a rule's `to` writes it; undefined: it goes by none of them.
 * The error is a sentence, for people.
 */
export function nameOfAnswer(
  attempt: Pick<AttemptJson, 'flow' | 'names'>,
  { to, name: wanted, list }: Pick<AnswerScope, 'to' | 'name' | 'list'>,
  { domainOf, lists = [] }: Pick<AnswerNames, 'domainOf' | 'lists'> = {},
): Result<string | undefined> {
  if (to === 'list') {
    if (wanted !== undefined) return fail('An answer for a list goes by no single name; leave the name out.');
    return listOfAnswer(attempt.flow.remote.address, list, lists);
  }
  if (list !== undefined)
    return fail('Only an answer for a list says which list; leave it out, or answer for the list.');
  if (to === 'destination' || to === 'any') {
    if (wanted === undefined) return ok(undefined);
    return fail(
      `An answer for ${to === 'any' ? 'any destination' : 'the address'} goes by no name; leave the name out.`,
    );
  }
  const names = namesForRules(attempt).map(({ name }) => name);
  const { address } = attempt.flow.remote;
  const [newest] = names;
  if (newest === undefined) {
    if (to === undefined && wanted === undefined) return ok(undefined);
    return fail(
      `No name of ${address} is known that a rule could ask for; answer for the address or for any destination.`,
    );
  }
  const name = wanted === undefined ? newest : wanted.toLowerCase().replace(/\.$/, '');
  if (!names.includes(name)) {
    return fail(`${address} is not called ${printable(name).slice(0, 255)}; choose ${orList(names.slice(0, 8))}.`);
  }
  if (to !== 'domain') return ok(name);
  const domain = domainOf?.(name);
  if (domain !== undefined) return ok(`.${domain}`);
  return fail(`${name} lies in no registered domain; answer for the name or for the address.`);
}

/** The lists among these, each once. */
export function listsHaving(listed: readonly Listed[]): readonly string[] {
  return [...new Set(listed.map(({ list }) => list))];
}

function listOfAnswer(
  address: string,
  wanted: string | undefined,
  lists: readonly Listed[],
): Result<string | undefined> {
  const having = listsHaving(lists);
  const [first, ...others] = having;
  if (first === undefined)
    return fail(`No list has ${address} or one of its names; answer for the name or the address.`);
  const choices = orList(having.slice(0, 8));
  if (wanted === undefined) {
    return others.length === 0 ? ok(`list:${first}`) : fail(`Several lists have ${address}; choose ${choices}.`);
  }
  if (having.includes(wanted)) return ok(`list:${wanted}`);
  return fail(`The list ${printable(wanted)} does not have ${address} or one of its names; choose ${choices}.`);
}

/**
 * What of a question an answer for this list judges: the far end's names in it, since what is held may have others too;
 * undefined: all of it, as the list has the address itself.
 */
export function namesInList(list: string, lists: readonly Listed[]): readonly string[] | undefined {
  const had = lists.filter((one) => one.list === list);
  return had.some(({ name }) => name === null) ? undefined : had.flatMap(({ name }) => name ?? []);
}

interface AppChoice {
  readonly condition: AppCondition;
  /** The condition holds for what the app starts as well: all of it runs in the same sandbox. */
  readonly holdsChildren: boolean;
}

function processApp({ pid, startTime }: Process): Result<AppChoice> {
  if (pid === undefined || startTime === undefined) {
    return fail('No rule can be made for this process alone, because its pid or its start time is not known.');
  }
  return ok({ condition: { pid, startTime }, holdsChildren: false });
}

/** What a person would call the app: its sandbox, its script, its path; its hash where the host has no such file. */
export function recognisableApp(process: Process): Result<AppChoice> {
  if (process.kernel === true) return ok({ condition: { kernel: true }, holdsChildren: false });
  for (const key of ['flatpak', 'snap', 'container'] as const) {
    const value = process[key];
    if (typeof value === 'string') return ok({ condition: { [key]: exactPattern(value) }, holdsChildren: true });
  }
  if (typeof process.appimage === 'string') {
    return ok({ condition: { appimage: exactPattern(process.appimage) }, holdsChildren: false });
  }
  if (typeof process.script === 'string') {
    // What script a program says it runs is worth no more than the program.
    const interpreter = typeof process.exe === 'string' ? { path: exactPattern(process.exe) } : {};
    return ok({ condition: { script: exactPattern(process.script), ...interpreter }, holdsChildren: false });
  }
  if (typeof process.exe === 'string') return ok({ condition: exactPattern(process.exe), holdsChildren: false });
  if (process.sha256 !== undefined) return ok({ condition: { sha256: process.sha256 }, holdsChildren: false });
  return fail(
    'No rule can be made for this app, because the host has no file at its path and its hash is not known yet; answer for the process, or "once".',
  );
}

function destinationOf({ flow }: Attempt, { scope }: Answer, called: string | undefined): Conditions {
  const incoming = flow.direction === 'in';
  const port = incoming ? (flow.local?.port ?? 0) : flow.remote.port;
  const place = called ?? formatAddress(flow.remote.address);
  return {
    ...(incoming && { direction: flow.direction }),
    // Of what is forwarded for a program both sides are judged, see guest.ts.
    ...(flow.direction === 'forward' && { direction: ['out', 'forward'] as const }),
    ...(scope.to !== 'any' && (incoming ? { from: place } : { to: place })),
    ...(scope.port === 'port' && { protocol: flow.protocol === 'raw' ? flow.protocolNumber : flow.protocol }),
    ...(scope.port === 'port' && hasPorts(flow.protocol) && port !== 0 && { port }),
  };
}

/** Readable, and within what names may have: letters, digits, spaces and `._:@/+-`, at most 128 with the prompt's id. */
function ruleLabel(
  prompt: Prompt,
  { action, scope }: Answer,
  { process, flow }: Attempt,
  called: string | undefined,
  names: AnswerNames,
): string {
  const program =
    process?.flatpak ?? process?.snap ?? process?.script ?? process?.exe ?? process?.image?.path ?? 'program';
  const short = program.slice(program.lastIndexOf('/') + 1) || 'program';
  const app = scope.who === 'process' ? `${short} ${process?.pid}` : short;
  const way = flow.direction === 'in' ? 'from' : 'to';
  // The end of a name says whose it is.
  const place = scope.to === 'any' ? 'any' : (called?.slice(-40) ?? formatAddress(flow.remote.address));
  const port = flow.direction === 'in' ? flow.local?.port : flow.remote.port;
  const service =
    scope.port === 'any' ? '' : port && hasPorts(flow.protocol) ? ` ${port}/${flow.protocol}` : ` ${flow.protocol}`;
  const user = scope.user === 'any' ? 'any user' : (names.userName ?? String(process?.uid));
  const label = `${action} ${nameable(app, 30)} ${way} ${nameable(place, 40)}${service} for ${nameable(user, 20)}`;
  return nameable(label, 128 - prompt.id.length - ' children @'.length);
}
