// The questionnaire of `postern ask`: one question after the other, its story, the choices, the rule written out.
import type { Client } from '#client/client.ts';
import type { EventView, PromptView } from '#model/api.ts';
import { parseAddress } from '#model/net/address.ts';
import { scopeOf } from '#model/net/scope.ts';
import type { Answer } from '#model/prompt.ts';
import { destinationName, programName } from '#model/sentence.ts';
import { formatRule, ruleFromAnswer } from '#policy/index.ts';
import { orEnd } from './context.ts';
import { paint, safe, write } from './output.ts';
import { closeInput, inputEnded, readAnswer } from './question.ts';

const scopeTexts = {
  loopback: 'this machine',
  lan: 'the local network',
  internet: 'the internet',
  multicast: 'many at once',
} as const;

/** Everything that is known, a line each. */
export function story(prompt: PromptView): string[] {
  const { process, flow } = prompt.attempt;
  const address = parseAddress(flow.remote.address);
  const incoming = flow.direction === 'in';
  const lines = [
    paint(
      'bold',
      `May ${programName(prompt.attempt)} ${incoming ? 'be reached from' : 'talk to'} ${destinationName(prompt.attempt)}?`,
    ),
  ];
  const add = (name: string, value: string | number | null | undefined) => {
    if (value !== undefined && value !== null && value !== '')
      lines.push(`  ${`${name}:`.padEnd(13)}${safe(String(value))}`);
  };
  add(
    'program',
    process?.exe ??
      (process?.image && `${process.image.path} (${process.image.state}: not the file of this machine at that path)`),
  );
  if (process?.seeded === true) add('seen', 'only after it began: it may be disguised');
  add('script', process?.script);
  add('package', process?.package && `${process.package} ${process.packageVersion ?? ''}`);
  add('hash', process?.sha256);
  add('arguments', process?.args?.join(' ').slice(0, 500));
  add('folder', process?.cwd);
  add('user', prompt.user);
  add('process', process?.pid);
  add('started by', process?.ancestors?.filter((path) => path !== '').join(' ← '));
  add('unit', process?.unit);
  add('container', process?.container);
  add('flatpak', process?.flatpak);
  add('snap', process?.snap);
  add('where', address && scopeTexts[scopeOf(address)]);
  add('port here', incoming ? flow.local?.port : undefined);
  add('before', prompt.before === 0 ? 'never seen' : `${prompt.before} times`);
  add('asked by', prompt.rule === null ? undefined : `rule "${prompt.rule}"`);
  add('waiting', `${prompt.flows} connections`);
  return lines;
}

interface Choice {
  readonly key: string;
  readonly text: string;
  readonly change: (answer: Answer) => Answer;
}

const scope = (change: Partial<Answer['scope']>) => (answer: Answer) => ({
  ...answer,
  scope: { ...answer.scope, ...change },
});
const lasting = (lifetime: Answer['lifetime']) => (answer: Answer) => ({ ...answer, lifetime });

const choices: readonly Choice[] = [
  { key: 'o', text: 'once, no rule', change: lasting('once') },
  { key: 'x', text: 'until it exits', change: lasting('exit') },
  { key: '5', text: '15 minutes', change: lasting('15m') },
  { key: 'b', text: 'until reboot', change: lasting('boot') },
  { key: 'A', text: 'always', change: lasting('always') },
  { key: 'P', text: 'this process', change: scope({ who: 'process' }) },
  { key: 'w', text: 'this program', change: scope({ who: 'app' }) },
  { key: 'c', text: 'and what it starts', change: scope({ who: 'children' }) },
  { key: 't', text: 'anywhere', change: scope({ to: 'any' }) },
  { key: 'h', text: 'only there', change: scope({ to: 'destination' }) },
  { key: 'p', text: 'any port', change: scope({ port: 'any' }) },
  { key: 'q', text: 'only this port', change: scope({ port: 'port' }) },
  { key: 'u', text: 'any user', change: scope({ user: 'any' }) },
];

const first: Answer = {
  action: 'reject',
  scope: { who: 'app', to: 'destination', port: 'port', user: 'user' },
  lifetime: 'once',
};

/** What the answer would mean, as a sentence. */
function meaning(prompt: PromptView, answer: Answer): string {
  if (answer.lifetime === 'once') return 'these connections only; no rule';
  const { app: _, user, before: __, ...asked } = prompt;
  const made = ruleFromAnswer(asked, answer, { userName: user ?? undefined });
  return made.ok ? made.value.map(formatRule).join('; ') : made.error;
}

/** The answer; undefined when the question closed meanwhile or the input has ended. */
async function choose(prompt: PromptView, signal: AbortSignal): Promise<Answer | undefined> {
  let answer = first;
  for (;;) {
    const left = Math.max(0, Math.round((prompt.deadline - Date.now()) / 1000));
    const typed = await readAnswer(
      `[a]llow  [d]eny  [D]rop  [n]ot now   ? for scope and lifetime   (${left} s left) > `,
      left * 1000,
      signal,
    );
    if (typed === undefined) return undefined;
    for (const key of typed) {
      if (key === 'a') return { ...answer, action: 'allow' };
      if (key === 'd') return { ...answer, action: 'reject' };
      if (key === 'D') return { ...answer, action: 'drop' };
      if (key === 'n') return first;
      const choice = choices.find((candidate) => candidate.key === key);
      if (choice !== undefined) answer = choice.change(answer);
    }
    if (typed.includes('?')) write(choices.map(({ key, text }) => `  ${key}  ${text}`).join('\n'));
    write(`  For: ${safe(meaning(prompt, answer))}`);
  }
}

/** Asks until Ctrl-C or the end of the input. */
export async function askQuestions(client: Client): Promise<void> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const open = new Map<string, PromptView>();
  let current: { id: string; abort: AbortController } | undefined;
  let wake = () => {};
  const hear = ({ type, data }: EventView) => {
    if (type === 'prompt-opened' || type === 'prompt-changed') open.set((data as PromptView).id, data as PromptView);
    if (type === 'prompt-closed') {
      const { id } = data as { id: string };
      open.delete(id);
      if (current?.id === id) current.abort.abort();
    }
    wake();
  };
  for (const prompt of orEnd(await client.ask<PromptView[]>('GET', '/prompts'))) open.set(prompt.id, prompt);
  const following = client.follow(hear, undefined, stop.signal).then(() => stop.abort());
  write(open.size === 0 ? 'No open question; waiting. Ctrl-C ends.' : `${open.size} open questions.`);
  while (!stop.signal.aborted) {
    const [prompt] = open.values();
    if (prompt === undefined) {
      if (inputEnded()) break;
      await new Promise<void>((resolve) => {
        wake = resolve;
        stop.signal.addEventListener('abort', () => resolve(), { once: true });
      });
      continue;
    }
    write(`\n${story(prompt).join('\n')}`);
    current = { id: prompt.id, abort: new AbortController() };
    const answer = await choose(prompt, AbortSignal.any([stop.signal, current.abort.signal]));
    const closed = current.abort.signal.aborted;
    current = undefined;
    open.delete(prompt.id);
    if (answer === undefined) {
      if (closed) write('\nAnswered elsewhere, or its time was up.');
      else if (prompt.deadline > Date.now()) break;
      continue;
    }
    const done = await client.ask('POST', `/prompts/${prompt.id}/answer`, answer);
    if (!done.ok) write(paint('yellow', safe(done.error.message)));
    else write(`${answer.action === 'allow' ? 'Allowed' : 'Refused'}: ${safe(meaning(prompt, answer))}`);
  }
  stop.abort();
  closeInput();
  await following;
}
