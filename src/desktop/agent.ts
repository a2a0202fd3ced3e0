// The agent of a user's desktop: questions as notifications, a status icon, and what is done there, as a client of the API.
import { setTimeout as sleep } from 'node:timers/promises';
import { isAdministrator } from '#api/access.ts';
import { openBrowser } from '#client/browser.ts';
import { Client } from '#client/client.ts';
import { Watch, type Watched } from '#client/watch.ts';
import type { Answered, PagesLink, Status } from '#model/api.ts';
import type { Lifetime } from '#model/rule.ts';
import type { Result } from '#std/result.ts';
import { escapeText } from '#std/text.ts';
import { Board } from './board.ts';
import { SessionBus, sessionAddress } from './bus/bus.ts';
import { Notifications } from './bus/notifications.ts';
import { StatusIcon } from './icon/item.ts';
import { iconView } from './icon/view.ts';
import { lockdownNote, troubleNote } from './modenote.ts';
import type { Deed, Note } from './note.ts';
import { QuestionNotes } from './questionnotes.ts';
import { RefusalNotes } from './refusalnotes.ts';

export interface AgentOptions {
  readonly runtimeDir: string;
  /** For how long the buttons answer. */
  readonly lifetime: Lifetime;
  /** Whether to tell of refusals that nobody was asked about. */
  readonly refusals: boolean;
  readonly icon: boolean;
}

export const agentName = 'org.postern.Agent';
const statusEveryMs = 10_000;
const firstWaitMs = 500;
const longestWaitMs = 30_000;
const troubleMs = 15_000;

const say = (text: string) => process.stderr.write(`postern-agent: ${escapeText(text)}\n`);

/** Until a signal, or until the user quits it; the exit code. */
export async function runAgent(options: AgentOptions): Promise<number> {
  if (process.geteuid?.() === 0) {
    say('root has no desktop; run it as the user who sits there, as the systemd user unit does');
    return 1;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
  let wait = firstWaitMs;
  while (!stop.signal.aborted) {
    const address = sessionAddress(process.env);
    if (address === undefined) {
      say('there is no session bus: neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR is set');
      return 1;
    }
    const bus = await SessionBus.connect(address);
    if (bus.ok) {
      wait = firstWaitMs;
      if (!(await bus.value.takeName(agentName))) {
        say('another agent of yours runs on this desktop already; this one is not needed');
        bus.value.close();
        return 0;
      }
      await new Agent(options, bus.value, stop).run();
      bus.value.close();
      if (stop.signal.aborted) break;
      say('the session bus has gone; waiting for another');
    } else say(`the session bus ${address} cannot be reached: ${bus.error}`);
    await sleep(wait, undefined, { signal: stop.signal }).catch(() => {});
    wait = Math.min(wait * 2, longestWaitMs);
  }
  return 0;
}

/** On one connection to the session bus. */
class Agent {
  readonly #options: AgentOptions;
  readonly #bus: SessionBus;
  readonly #stop: AbortController;
  readonly #client: Client;
  readonly #watch: Watch;
  readonly #board: Board;
  readonly #notifications: Notifications;
  readonly #icon: StatusIcon | undefined;
  readonly #questions: QuestionNotes;
  readonly #refusals = new RefusalNotes();
  readonly #administrator = isAdministrator({
    uid: process.geteuid?.() ?? 0,
    gid: process.getegid?.() ?? 0,
    groups: process.getgroups?.() ?? [],
  });
  #trouble: { readonly note: Note; readonly key: string; readonly until: number } | undefined;
  #troubles = 0;

  constructor(options: AgentOptions, bus: SessionBus, stop: AbortController) {
    this.#options = options;
    this.#bus = bus;
    this.#stop = stop;
    this.#client = new Client(options.runtimeDir);
    this.#questions = new QuestionNotes(options.lifetime);
    this.#watch = new Watch(this.#client, {
      before: 0,
      statusEveryMs,
      changed: (watched, lines) => {
        this.#refusals.add(lines, Date.now());
        this.#show(watched);
      },
    });
    const did = (deed: Deed) => void this.#do(deed);
    const board: Board = new Board({
      screen: {
        show: (note, replaces, now) => this.#notifications.show(note, replaces, now),
        close: (id) => this.#notifications.close(id),
      },
      now: Date.now,
      did,
    });
    this.#board = board;
    this.#notifications = new Notifications(bus, {
      changed: (capabilities) => board.daemonChanged(capabilities),
      invoked: (id, action) => board.invoked(id, action),
      closed: (id, dismissed) => board.closed(id, dismissed),
    });
    this.#icon = options.icon ? new StatusIcon(bus, did) : undefined;
  }

  async run(): Promise<void> {
    const gone = new AbortController();
    void this.#bus.closed.then(() => gone.abort());
    const signal = AbortSignal.any([this.#stop.signal, gone.signal]);
    await this.#notifications.start();
    await this.#icon?.start(iconView(this.#watch.watched, this.#administrator));
    // What goes by its time goes without an event.
    const every = setInterval(() => this.#show(this.#watch.watched), 1000);
    await this.#watch.run(signal);
    clearInterval(every);
    await this.#board.clear();
  }

  #show(watched: Watched): void {
    const now = Date.now();
    this.#icon?.show(iconView(watched, this.#administrator));
    const live = watched.link === 'live';
    // What cannot be answered now is not asked; it comes back with the link.
    const questions = this.#questions.plan(live ? watched.told.prompts : new Map(), now);
    const refusals = this.#options.refusals ? this.#refusals.plan(now) : new Map<string, Note>();
    const lockdown = live && this.#administrator ? lockdownNote(watched.status) : undefined;
    if (this.#trouble !== undefined && this.#trouble.until < now) this.#trouble = undefined;
    this.#board.want(
      new Map([
        ...questions,
        ...refusals,
        ...(lockdown === undefined ? [] : ([['lockdown', lockdown]] as const)),
        ...(this.#trouble === undefined ? [] : ([[this.#trouble.key, this.#trouble.note]] as const)),
      ]),
    );
  }

  async #do(deed: Deed): Promise<void> {
    switch (deed.type) {
      case 'answer': {
        const path = `/prompts/${encodeURIComponent(deed.prompt)}/answer`;
        const answered = await this.#client.ask<Answered>('POST', path, deed.answer);
        if (!answered.ok) {
          // Somebody was quicker: that is no trouble.
          const gone = answered.error.kind === 'refused' && answered.error.code === 'not-found';
          if (!gone) this.#complain('The answer was not taken', answered.error.message);
        } else if (answered.value.pending !== null) this.#complain('It does not hold yet', answered.value.pending);
        return;
      }
      case 'mode': {
        const done = await this.#client.ask<Status>('PUT', '/mode', deed.request);
        if (!done.ok) this.#complain('The mode was not changed', done.error.message);
        await this.#watch.refreshStatus();
        return;
      }
      case 'open': {
        const opened = await this.#open(deed.view);
        if (!opened.ok) this.#complain('The pages could not be opened', opened.error);
        return;
      }
      case 'quit':
        this.#stop.abort();
    }
  }

  async #open(view: string): Promise<Result<void>> {
    const link = await this.#client.ask<PagesLink>('POST', '/pages/links', {});
    if (!link.ok) return { ok: false, error: link.error.message };
    const url = new URL(link.value.url);
    if (view !== '/') url.searchParams.set('to', view);
    return openBrowser(url.href, undefined);
  }

  #complain(title: string, why: string): void {
    say(`${title}: ${why}`);
    this.#troubles += 1;
    const until = Date.now() + troubleMs;
    this.#trouble = { note: troubleNote(title, why, until), key: `trouble ${this.#troubles}`, until };
    this.#show(this.#watch.watched);
  }
}
