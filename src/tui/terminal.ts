// The terminal view as it lives: what is known, what was chosen, and what the keys do.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, ClientError } from '#client/client.ts';
import type { Told } from '#client/live/fold.ts';
import { buildTree, type Node } from '#client/live/tree.ts';
import { closingText } from '#client/question/closing.ts';
import { headline, placeLine, programLine } from '#client/question/headline.ts';
import {
  firstScope,
  lifetimeChoices,
  meaningOf,
  placeChoices,
  placeKey,
  portChoices,
  ruleLifetimes,
  rulesOf,
  whoChoices,
} from '#client/question/meaning.ts';
import { subjectOf } from '#client/question/subject.ts';
import { Watch, type Watched } from '#client/watch.ts';
import type { Answered, LogLine, ModePreview, ModeRequest, RuleChange, RuleView, Status, Undone } from '#model/api.ts';
import type { Explanation } from '#model/decision.ts';
import type { Answer } from '#model/prompt.ts';
import { destinationName, formatConnection, programName } from '#model/sentence.ts';
import { escapeText } from '#std/text.ts';
import { changesWaiting, type Row, rowsOf, spanMs } from './rows.ts';
import { firstUi, heldMs, moved, nextOf, type Pane, type Ui } from './ui.ts';

/** A key, or what was pasted. */
export interface Press {
  readonly text: string;
  readonly name?: 'up' | 'down' | 'left' | 'right' | 'enter' | 'escape' | 'backspace' | 'tab' | 'pageUp' | 'pageDown';
}

export interface Picture {
  readonly watched: Watched;
  readonly lines: readonly LogLine[];
  readonly rows: readonly Row[];
  readonly ui: Ui;
  readonly waiting: number;
  readonly now: number;
}

const statusEveryMs = 3000;
/** Where only connections came, the picture waits so long for more of them. */
const linesMs = 400;
const beforeConnections = 1000;
const messageMs = 6000;
const lockdownSeconds = 60;
const modeKeys: Readonly<Record<string, ModeRequest>> = {
  o: { mode: 'observe' },
  a: { mode: 'ask' },
  l: { mode: 'lockdown', revertSeconds: lockdownSeconds },
  p: { pauseMinutes: 10 },
  c: { confirm: true },
};

export class Terminal {
  readonly #client: Client;
  readonly #watch: Watch;
  readonly #listeners = new Set<() => void>();
  /** The questions that were answered here. */
  readonly #mine = new Set<string>();
  #ui: Ui = firstUi;
  #told: Told | undefined;
  #tree: { readonly of: string; readonly nodes: readonly Node[] } | undefined;
  #soon: NodeJS.Timeout | undefined;
  #picture: Picture;

  constructor(client: Client) {
    this.#client = client;
    this.#watch = new Watch(client, {
      ...{ before: beforeConnections, statusEveryMs },
      changed: (watched) => this.#heard(watched),
    });
    this.#picture = this.#draw();
  }

  get picture(): Picture {
    return this.#picture;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Until the signal; ages and countdowns go on by the second. */
  async run(signal: AbortSignal): Promise<void> {
    const every = setInterval(() => this.#show(), 1000);
    await this.#watch.run(signal);
    clearInterval(every);
    clearTimeout(this.#soon);
  }

  /** Once everything is known for one picture; the error where nobody answers. */
  async first(signal: AbortSignal): Promise<ClientError | undefined> {
    const running = this.#watch.run(signal);
    while (this.#watch.watched.link === 'starting') await Promise.race([sleep(20), running]);
    this.#show();
    return this.#watch.watched.problem;
  }

  #draw(): Picture {
    const now = Date.now();
    const { watched, recent } = this.#watch;
    if (this.#ui.held !== undefined && this.#ui.held.until < now && this.#ui.pane === undefined)
      this.#ui = { ...this.#ui, held: undefined };
    if (this.#ui.message !== undefined && this.#ui.message.until < now) this.#ui = { ...this.#ui, message: undefined };
    const lines = recent.all();
    const rows = rowsOf(watched, this.#treeOf(lines, now), this.#ui, now);
    return { watched, lines, rows, ui: this.#ui, waiting: changesWaiting(this.#ui.held, lines), now };
  }

  /** Made anew when connections came, or a second is over: not for each key. */
  #treeOf(lines: readonly LogLine[], now: number): readonly Node[] {
    const { held, search } = this.#ui;
    const to = held?.time ?? Math.ceil(now / 1000) * 1000;
    const of = `${held === undefined ? this.#watch.recent.version : 'held'} ${to} ${search}`;
    if (this.#tree?.of !== of) {
      const options = { from: to - spanMs, to, search };
      this.#tree = { of, nodes: buildTree(held?.lines ?? lines, options) };
    }
    return this.#tree.nodes;
  }

  #show(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    this.#picture = this.#draw();
    for (const listener of this.#listeners) listener();
  }

  #set(change: Partial<Ui>): void {
    this.#ui = { ...this.#ui, ...change };
    this.#show();
  }

  #say(text: string, bad = false): void {
    this.#set({ message: { text: escapeText(text), bad, until: Date.now() + messageMs } });
  }

  #heard(watched: Watched): void {
    const { selected } = this.#ui;
    const gone = watched.told.closed.find(({ prompt }) => `question ${prompt.id}` === selected);
    if (gone !== undefined) {
      const why = closingText(gone, this.#mine.has(gone.prompt.id));
      this.#set({
        selected: undefined,
        ...(this.#mine.has(gone.prompt.id)
          ? {}
          : { message: { text: `${headline(gone.prompt)}: ${why}`, bad: false, until: Date.now() + messageMs } }),
      });
    } else if (watched.told !== this.#told) this.#show();
    else this.#soon ??= setTimeout(() => this.#show(), linesMs);
    this.#told = watched.told;
  }

  #selected(): Row | undefined {
    return this.#picture.rows.find(({ key }) => key === this.#ui.selected);
  }

  /** From the first move on the list stands still. */
  #hold(): Ui['held'] {
    const until = Date.now() + heldMs;
    const { held } = this.#ui;
    return held === undefined ? { lines: this.#watch.recent.all(), time: Date.now(), until } : { ...held, until };
  }

  #move(by: number): void {
    const keys = this.#picture.rows.map(({ key }) => key);
    this.#set({ held: this.#hold(), selected: moved(keys, this.#ui.selected, by) });
  }

  /** false: the person wants to leave. */
  press({ text, name }: Press): boolean {
    const { pane, typing, search } = this.#ui;
    if (typing) {
      if (name === 'enter') this.#set({ typing: false });
      else if (name === 'escape') this.#set({ typing: false, search: '' });
      else if (name === 'backspace') this.#set({ search: [...search].slice(0, -1).join('') });
      else if (name === undefined) this.#set({ search: `${search}${text}`.slice(0, 100) });
      return true;
    }
    if (pane !== undefined) return this.#pressInPane(pane, { text, ...(name !== undefined && { name }) });
    switch (name ?? text) {
      case 'q':
        return false;
      case 'escape':
        this.#set({ held: undefined, selected: undefined, search: '', message: undefined });
        return true;
      case 'j':
      case 'down':
        this.#move(1);
        return true;
      case 'k':
      case 'up':
        this.#move(-1);
        return true;
      case 'pageDown':
        this.#move(10);
        return true;
      case 'pageUp':
        this.#move(-10);
        return true;
      case 'tab':
        this.#nextQuestion();
        return true;
      case 'r':
        this.#set({ held: undefined });
        return true;
      case '/':
        this.#set({ typing: true });
        return true;
      case '?':
        this.#set({ pane: { type: 'help' } });
        return true;
      case 'm':
        void this.#openModes();
        return true;
      case 'u':
        void this.#undo();
        return true;
      default:
        this.#pressOnRow(name ?? text);
        return true;
    }
  }

  #nextQuestion(): void {
    const questions = this.#picture.rows.filter(({ type }) => type === 'question').map(({ key }) => key);
    const next = nextOf(questions, (key) => key === this.#ui.selected);
    if (next !== undefined) this.#set({ selected: next });
  }

  #pressOnRow(key: string): void {
    const row = this.#selected();
    if (row === undefined) {
      if ('adnDe'.includes(key) || key === 'enter')
        this.#say('Choose a row first: j and k move, Tab goes to the next question.');
      return;
    }
    if (key === 'e') return void this.#explain(row);
    if (row.type === 'node') {
      const { node } = row;
      const open = this.#picture.rows.some((other) => other.type === 'node' && other.key.startsWith(`${node.key}/`));
      const turns = key === 'enter' || key === ' ' || (key === 'right' && !open) || (key === 'left' && open);
      if (turns && node.children.length > 0) {
        const turned = new Set(this.#ui.turned);
        if (!turned.delete(node.key)) turned.add(node.key);
        this.#set({ turned, held: this.#hold() });
      } else if (key === 'enter') void this.#explain(row);
      else if (key === 'a' || key === 'd') void this.#openRule(node.line, key === 'a' ? 'allow' : 'reject');
      return;
    }
    const { prompt, answer } = row;
    const send = (given: Answer) => void this.#answer(prompt.id, given, row);
    if (key === 'a') send({ ...answer, action: 'allow' });
    else if (key === 'd') send({ ...answer, action: 'reject' });
    else if (key === 'D') send({ ...answer, action: 'drop' });
    else if (key === 'n') send({ action: 'reject', scope: firstScope(prompt), lifetime: 'once' });
    else if (key === 'enter') void this.#explain(row);
    else {
      const changed = changeAnswer(prompt, answer, key, lifetimeChoices);
      if (changed !== undefined) this.#set({ answers: new Map(this.#ui.answers).set(prompt.id, changed) });
    }
  }

  async #answer(id: string, answer: Answer, row: Row & { type: 'question' }): Promise<void> {
    const meaning = meaningOf(row.prompt, answer);
    if (!meaning.ok) return this.#say(meaning.error, true);
    this.#mine.add(id);
    const done = await this.#client.ask<Answered>('POST', `/prompts/${encodeURIComponent(id)}/answer`, answer);
    if (!done.ok) {
      this.#mine.delete(id);
      return this.#say(done.error.message, true);
    }
    const word = { allow: 'Allowed', reject: 'Refused', drop: 'Dropped' }[answer.action];
    this.#set({ lifetime: answer.lifetime });
    this.#say(done.value.pending ?? `${word}: ${meaning.value}.`, done.value.pending !== null);
  }

  async #explain(row: Row): Promise<void> {
    const attempt = row.type === 'question' ? row.prompt.attempt : row.node.line.attempt;
    const { process } = attempt;
    const explained = await this.#client.ask<Explanation>('POST', '/explain', attempt);
    const facts: string[] = [];
    if (row.type === 'question') facts.push(programLine(row.prompt).join(' · '), placeLine(row.prompt).join(' · '));
    else facts.push(formatConnection(row.node.line, () => row.node.line.user ?? undefined));
    if (process?.args !== undefined) facts.push(`arguments: ${escapeText(process.args.join(' ').slice(0, 500))}`);
    if (process?.sha256 !== undefined) facts.push(`hash: ${process.sha256}`);
    const ancestors = process?.ancestors?.filter((path) => path !== '') ?? [];
    if (ancestors.length > 0) facts.push(`started by: ${escapeText(ancestors.join(' ← '))}`);
    const { trace = [], action, rule, by, revision } = explained.ok ? explained.value : {};
    const decision = explained.ok
      ? `Now: ${action}, ${by === 'rule' ? `by rule "${escapeText(rule ?? '')}"` : 'by the mode, as no rule matches'}; revision ${revision}`
      : escapeText(explained.error.message);
    const steps = trace.map((step) => `  ${escapeText(step.rule)}: ${escapeText(step.why)}`);
    const title = `${programName(attempt)} → ${destinationName(attempt)}`;
    this.#set({ pane: { type: 'explain', title, lines: [...facts, '', decision, ...steps], from: 0 } });
  }

  async #openRule(line: LogLine, action: 'allow' | 'reject'): Promise<void> {
    const rules = await this.#client.ask<RuleView[]>('GET', '/rules');
    if (!rules.ok) return this.#say(rules.error.message, true);
    // An exception must stand as high as the refusal, or it could never win.
    const fence = rules.value.find(({ name }) => name === line.rule);
    const priority = action === 'allow' && fence !== undefined && fence.priority > 0 ? fence.priority : undefined;
    const subject = subjectOf(line);
    const answer = { action, scope: firstScope(subject), lifetime: 'always' } as const;
    this.#set({ pane: { type: 'rule', subject, answer, priority }, held: this.#hold() });
  }

  async #openModes(): Promise<void> {
    this.#set({ pane: { type: 'mode', preview: undefined } });
    const preview = await this.#client.ask<ModePreview>('GET', '/mode/lockdown');
    if (preview.ok && this.#ui.pane?.type === 'mode') this.#set({ pane: { type: 'mode', preview: preview.value } });
  }

  #pressInPane(pane: Pane, { text, name }: Press): boolean {
    const key = name ?? text;
    if (key === 'escape' || key === 'q' || (pane.type === 'help' && key === '?')) {
      this.#set({ pane: undefined });
      return true;
    }
    switch (pane.type) {
      case 'help':
        return true;
      case 'mode': {
        const request = modeKeys[key];
        if (request !== undefined) void this.#setMode(request);
        return true;
      }
      case 'explain': {
        const by = { j: 1, down: 1, k: -1, up: -1, pageDown: 10, pageUp: -10 }[key] ?? 0;
        const from = Math.max(0, Math.min(pane.lines.length - 1, pane.from + by));
        this.#set({ pane: { ...pane, from } });
        return true;
      }
      case 'rule': {
        if (key === 'y' || key === 'enter') void this.#addRule(pane);
        else if (key === 'n') this.#set({ pane: undefined });
        else {
          const answer = changeAnswer(pane.subject, pane.answer, key, ruleLifetimes);
          if (answer !== undefined) this.#set({ pane: { ...pane, answer } });
        }
        return true;
      }
    }
  }

  async #setMode(request: ModeRequest): Promise<void> {
    this.#set({ pane: undefined });
    const done = await this.#client.ask<Status>('PUT', '/mode', request);
    if (!done.ok) return this.#say(done.error.message, true);
    const { mode, revertsTo } = done.value;
    this.#say(
      revertsTo === null
        ? `The mode is ${mode}.`
        : `${mode} holds, and goes back to ${revertsTo} in ${lockdownSeconds} seconds unless you confirm: m, then c.`,
    );
    await this.#watch.refreshStatus();
  }

  async #addRule({ subject, answer, priority }: Pane & { type: 'rule' }): Promise<void> {
    const made = rulesOf(subject, answer);
    if (!made.ok) return this.#say(made.error, true);
    this.#set({ pane: undefined });
    for (const rule of made.value) {
      const body = { rule: { ...rule, ...(priority !== undefined && { priority }) }, lifetime: answer.lifetime };
      const done = await this.#client.ask<RuleChange>('POST', '/rules', body);
      if (!done.ok) return this.#say(done.error.message, true);
      this.#say(done.value.pending ?? `The rule "${rule.name}" holds; u takes it back.`, done.value.pending !== null);
    }
  }

  async #undo(): Promise<void> {
    const done = await this.#client.ask<Undone>('POST', '/undo', {});
    this.#say(done.ok ? `Undone: ${done.value.undone.user} ${done.value.undone.what}.` : done.error.message, !done.ok);
  }
}

/** `l` how long, `w` who, `t` where to, `p` port: each goes on to the next choice; undefined: the key chooses nothing. */
export function changeAnswer(
  subject: Parameters<typeof placeChoices>[0],
  answer: Answer,
  key: string,
  lifetimes: typeof lifetimeChoices,
): Answer | undefined {
  const { scope } = answer;
  if (key === 'l') {
    const next = nextOf(lifetimes, ({ value }) => value === answer.lifetime);
    return next && { ...answer, lifetime: next.value };
  }
  if (key === 'w') {
    const next = nextOf(whoChoices(subject), ({ value }) => value === scope.who);
    return next && { ...answer, scope: { ...scope, who: next.value } };
  }
  if (key === 't') {
    const now = placeKey(scope, subject);
    const next = nextOf(placeChoices(subject), (choice) => choice.key === now);
    const { name: _, list: __, ...others } = scope;
    return next && { ...answer, scope: { ...others, ...next.value } };
  }
  if (key === 'p') {
    const next = nextOf(portChoices(subject), ({ value }) => value === scope.port);
    return next && { ...answer, scope: { ...scope, port: next.value } };
  }
  return undefined;
}
