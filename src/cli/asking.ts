// The questionnaire of `postern ask`: one question after the other, its story, the choices, the rule written out.
import type { Client } from '#client/client.ts';
import type { EventView, PromptView } from '#model/api.ts';
import type { Answer } from '#model/prompt.ts';
import { formatRule, listsHaving, nameOfAnswer, ruleFromAnswer } from '#policy/index.ts';
import { orEnd } from './context.ts';
import { paint, safe, write } from './output.ts';
import { closeInput, inputEnded, readAnswer } from './question.ts';
import { headline, story } from './story.ts';

interface Choice {
  readonly key: string;
  readonly text: string;
  readonly change: (answer: Answer) => Answer;
}

const scope = (change: Partial<Answer['scope']>) => (answer: Answer) => ({
  ...answer,
  scope: { ...answer.scope, ...change },
});
/** One place alone: what was chosen before of name and list does not stay. */
const place = (change: Pick<Answer['scope'], 'to' | 'name' | 'list'>) =>
  scope({ name: undefined, list: undefined, ...change });
const lasting = (lifetime: Answer['lifetime']) => (answer: Answer) => ({ ...answer, lifetime });

const choices: readonly Choice[] = [
  { key: 'o', text: 'once, no rule', change: lasting('once') },
  { key: 'x', text: 'until it exits', change: lasting('exit') },
  { key: '5', text: '15 minutes', change: lasting('15m') },
  { key: 'b', text: 'until reboot', change: lasting('boot') },
  { key: 'A', text: 'always', change: lasting('always') },
  { key: 'H', text: 'always, on this network only', change: lasting('here') },
  { key: 'P', text: 'this process', change: scope({ who: 'process' }) },
  { key: 'w', text: 'this program', change: scope({ who: 'app' }) },
  { key: 'c', text: 'and what it starts', change: scope({ who: 'children' }) },
  { key: 'p', text: 'any port', change: scope({ port: 'any' }) },
  { key: 'q', text: 'only this port', change: scope({ port: 'port' }) },
  { key: 'u', text: 'any user', change: scope({ user: 'any' }) },
];

/** Where to: by name, by its domain, by a list that has it, by the address, or anywhere; and another name, where there are several. */
export function placeChoices(
  { attempt, names, lists }: PromptView,
  { scope: { to, name: wanted, list: chosenList } }: Answer,
): readonly Choice[] {
  const at = Math.max(
    0,
    names.findIndex(({ name }) => name === wanted),
  );
  const chosen = names[at];
  const choices: Choice[] = [];
  if (chosen !== undefined) {
    const { name, domain } = chosen;
    choices.push({ key: 'N', text: `${name} alone`, change: place({ to: 'name', name }) });
    if (domain !== null) {
      choices.push({ key: 'm', text: `${domain} and all below it`, change: place({ to: 'domain', name }) });
    }
  }
  const having = listsHaving(lists);
  // Pressed again, the key goes on to the next of several lists.
  const list = having[to === 'list' ? (having.indexOf(chosenList ?? '') + 1) % having.length : 0];
  if (list !== undefined) {
    choices.push({ key: 'l', text: `all that the list ${list} has`, change: place({ to: 'list', list }) });
  }
  const { address } = attempt.flow.remote;
  choices.push({ key: 'h', text: `the address ${address}`, change: place({ to: 'destination' }) });
  choices.push({ key: 't', text: 'anywhere', change: place({ to: 'any' }) });
  const next = names[(at + 1) % names.length]?.name;
  if (names.length > 1) choices.push({ key: 'i', text: `its name ${next}`, change: place({ to: 'name', name: next }) });
  return choices;
}

/** What `a` means before anything is chosen: what the question shows, also when it has another name by the time of the answer. */
export function firstAnswer({ names: [newest] }: PromptView): Answer {
  const to = newest === undefined ? ({ to: 'destination' } as const) : ({ to: 'name', name: newest.name } as const);
  return { action: 'reject', scope: { who: 'app', ...to, port: 'port', user: 'user' }, lifetime: 'once' };
}

/** What the answer would mean, as a sentence. */
function meaning(prompt: PromptView, answer: Answer): string {
  const { app: _, user, before: __, names, lists, ...asked } = prompt;
  const domainOf = (name: string) => names.find((known) => known.name === name)?.domain ?? undefined;
  const made = ruleFromAnswer(asked, answer, { userName: user ?? undefined, domainOf, lists });
  if (made.ok && answer.lifetime === 'once') {
    const called = nameOfAnswer(asked.attempt, answer.scope, { domainOf, lists });
    return `these connections only${called.ok && called.value !== undefined ? ` to ${called.value}` : ''}; no rule`;
  }
  const where = answer.lifetime === 'here' ? ', on this network only' : '';
  return made.ok ? `${made.value.map(formatRule).join('; ')}${where}` : made.error;
}

/** The answer; undefined when the question closed meanwhile or the input has ended. */
async function choose(prompt: PromptView, signal: AbortSignal): Promise<Answer | undefined> {
  const first = firstAnswer(prompt);
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
      const choice = [...choices, ...placeChoices(prompt, answer)].find((candidate) => candidate.key === key);
      if (choice !== undefined) answer = choice.change(answer);
    }
    if (typed.includes('?')) {
      const all = [...choices, ...placeChoices(prompt, answer)];
      write(all.map(({ key, text }) => `  ${key}  ${safe(text)}`).join('\n'));
    }
    write(`  For: ${safe(meaning(prompt, answer))}`);
  }
}

/** Asks until Ctrl-C or the end of the input. */
export async function askQuestions(client: Client): Promise<void> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const open = new Map<string, PromptView>();
  let current: { id: string; shown: string; abort: AbortController } | undefined;
  let wake = () => {};
  const hear = ({ type, data }: EventView) => {
    if (type === 'prompt-opened' || type === 'prompt-changed') {
      const prompt = data as PromptView;
      open.set(prompt.id, prompt);
      // What is answered is what was read.
      if (current?.id === prompt.id && current.shown !== headline(prompt)) current.abort.abort();
    }
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
    current = { id: prompt.id, shown: headline(prompt), abort: new AbortController() };
    const answer = await choose(prompt, AbortSignal.any([stop.signal, current.abort.signal]));
    const { aborted } = current.abort.signal;
    current = undefined;
    if (answer === undefined && aborted && open.has(prompt.id)) {
      write('\nMore is known now:');
      continue;
    }
    open.delete(prompt.id);
    if (answer === undefined) {
      if (aborted) write('\nAnswered elsewhere, or its time was up.');
      else if (prompt.deadline > Date.now()) break;
      continue;
    }
    const done = await client.ask('POST', `/prompts/${prompt.id}/answer`, answer);
    if (!done.ok) {
      write(paint('yellow', safe(done.error.message)));
      // It may be open still, to be answered otherwise.
      const now = await client.ask<PromptView[]>('GET', '/prompts');
      const again = now.ok ? now.value.find(({ id }) => id === prompt.id) : undefined;
      if (again !== undefined) open.set(again.id, again);
    } else write(`${answer.action === 'allow' ? 'Allowed' : 'Refused'}: ${safe(meaning(prompt, answer))}`);
  }
  stop.abort();
  closeInput();
  await following;
}
