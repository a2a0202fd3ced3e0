// The rules that a person's answer makes: for that person's programs alone, as wide as the answer says and no wider.

import { type Attempt, attemptFromJson } from '#model/attempt.ts';
import { formatAddress } from '#model/net/address.ts';
import { hasPorts } from '#model/net/protocol.ts';
import type { Process } from '#model/process.ts';
import type { Answer, Prompt } from '#model/prompt.ts';
import type { AppCondition, Conditions, RuleText } from '#model/rule.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { exactPattern } from './match/pattern.ts';

export interface AnswerNames {
  /** Of the user whose program it is, for the rule's name; its number is what the rule asks for. */
  readonly userName?: string | undefined;
}

/**
 * No rule for "not now" (`once`); two for an app with its children. The error is a sentence that says what cannot be
 * expressed. The caller gives the record its origin (`answer`) and its lifetime.
 */
export function ruleFromAnswer(prompt: Prompt, answer: Answer, names: AnswerNames = {}): Result<readonly RuleText[]> {
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
    ...destinationOf(attempt, answer),
  };
  const label = ruleLabel(prompt, answer, attempt, names);
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
function recognisableApp(process: Process): Result<AppChoice> {
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

function destinationOf({ flow }: Attempt, { scope }: Answer): Conditions {
  const incoming = flow.direction === 'in';
  const port = incoming ? (flow.local?.port ?? 0) : flow.remote.port;
  const address = formatAddress(flow.remote.address);
  return {
    ...(incoming && { direction: flow.direction }),
    // Of what is forwarded for a program both sides are judged, see guest.ts.
    ...(flow.direction === 'forward' && { direction: ['out', 'forward'] as const }),
    ...(scope.to === 'destination' && (incoming ? { from: address } : { to: address })),
    ...(scope.port === 'port' && { protocol: flow.protocol === 'raw' ? flow.protocolNumber : flow.protocol }),
    ...(scope.port === 'port' && hasPorts(flow.protocol) && port !== 0 && { port }),
  };
}

/** Readable, and within what names may have: letters, digits, spaces and `._:@/+-`, at most 128 with the prompt's id. */
function ruleLabel(prompt: Prompt, { action, scope }: Answer, { process, flow }: Attempt, names: AnswerNames): string {
  const program =
    process?.flatpak ?? process?.snap ?? process?.script ?? process?.exe ?? process?.image?.path ?? 'program';
  const short = program.slice(program.lastIndexOf('/') + 1) || 'program';
  const app = scope.who === 'process' ? `${short} ${process?.pid}` : short;
  const way = flow.direction === 'in' ? 'from' : 'to';
  const place = scope.to === 'any' ? 'any' : formatAddress(flow.remote.address);
  const port = flow.direction === 'in' ? flow.local?.port : flow.remote.port;
  const service =
    scope.port === 'any' ? '' : port && hasPorts(flow.protocol) ? ` ${port}/${flow.protocol}` : ` ${flow.protocol}`;
  const user = scope.user === 'any' ? 'any user' : (names.userName ?? String(process?.uid));
  const clean = (text: string, length: number) =>
    [...text.replace(/[^\p{L}\p{N} ._:@/+-]/gu, '_')].slice(0, length).join('');
  const label = `${action} ${clean(app, 30)} ${way} ${place}${service} for ${clean(user, 20)}`;
  return clean(label, 128 - prompt.id.length - ' children @'.length);
}
