// The commands that are confined: begun for a client that waits, judged by their own rules, and kept until nothing of them is left.
import { randomInt } from 'node:crypto';
import { isAdministrator, type Peer } from '#api/access.ts';
import type { RunServices, Served, ServiceError } from '#api/services.ts';
import type { ModeRequest } from '#model/api.ts';
import type { Connection } from '#model/connection.ts';
import type { Proposal } from '#model/learn/learning.ts';
import { type ConfinedRunMessage, type GateMessage, maxRuns } from '#model/messages.ts';
import { enforces, type Mode } from '#model/mode.ts';
import type { RunReport, RunState, RunView, StartRun } from '#model/run/run.ts';
import { proposeRules } from '#policy/index.ts';
import { compileRuns, namesRule } from '#policy/run/compile.ts';
import { runOfCgroup } from '#policy/run/confine.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { registeredDomain } from '../domains.ts';
import type { GateLink } from '../gatelink.ts';
import { processLives, readResolvers, startTimeOf } from '../machine.ts';
import type { PolicyKeeper } from '../policykeeper.ts';
import { type RunNames, serveNames } from './names.ts';
import { RunRecord } from './report.ts';
import type { RunsFile } from './runsfile.ts';

/** How often it is looked whether something of those is left whose client is gone. */
const lookMs = 2000;
/** After which a Postern that is there for commands alone has nothing to do; at first it waits for one. */
const idleMs = 3000;
const firstIdleMs = 30_000;
/** Reports of commands that are over, for those who ask late. */
const maxEnded = 100;
const idLetters = 'abcdefghijkmnpqrstuvwxyz23456789';

interface Running {
  state: RunState;
  readonly record: RunRecord;
  readonly names: RunNames | undefined;
}

export interface RunsPlan {
  readonly file: RunsFile;
  readonly keeper: () => PolicyKeeper;
  readonly link: () => GateLink;
  readonly mode: () => Mode;
  /** When the mode changes by itself; undefined: it does not. */
  readonly modeChanges: () => number | undefined;
  readonly record: (type: string, data: unknown) => void;
  readonly notice: (level: 'info' | 'warning', text: string) => void;
  /** Nothing has been confined for a while. */
  readonly onIdle?: (() => void) | undefined;
  readonly now: () => number;
}

const unavailable: ServiceError = {
  code: 'unavailable',
  message: 'the gate is away, so that nothing would hold the command; it was not begun',
};

/** Where no name server is there for a command, nobody answers its questions. */
const nobodysPort = 1;

/** As the gate is told. */
function messageOf({ id, rules, ask, learn, strict }: RunState, namesPort: number | null): ConfinedRunMessage {
  return { id, rules: [...rules], ask, learn, namesPort, strict };
}

/** Of a command of this user. */
const mayAsk = (peer: Peer, uid: number) => peer.uid === uid || isAdministrator(peer);

export class Runs implements RunServices {
  readonly #plan: RunsPlan;
  readonly #running = new Map<string, Running>();
  readonly #over = new Map<string, { readonly uid: number; readonly report: RunReport }>();
  #timer: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(plan: RunsPlan) {
    this.#plan = plan;
  }

  #rest(ms: number): void {
    const { onIdle } = this.#plan;
    clearTimeout(this.#idle);
    if (onIdle === undefined || this.#running.size > 0) return;
    this.#idle = setTimeout(() => this.#running.size === 0 && onIdle(), ms).unref();
  }

  /** Takes up what an earlier Postern confined. */
  async recall(): Promise<void> {
    for (const state of this.#plan.file.read()) {
      const names = await this.#serveNames(state);
      // Without its names the command is confined all the same.
      this.#running.set(state.id, { state, record: new RunRecord(), names: names.ok ? names.value : undefined });
    }
    this.#look();
    this.#rest(firstIdleMs);
  }

  /** As the gate is told. */
  messages(): ConfinedRunMessage[] {
    return [...this.#running.values()].map(({ state, names }) =>
      messageOf(state, state.dns === 'open' ? null : (names?.port ?? nobodysPort)),
    );
  }

  /** Why the mode may not be changed so: it would set a command free. */
  unheldBy({ mode, pauseMinutes, revertSeconds, confirm }: ModeRequest): ServiceError | undefined {
    const [first] = this.#running.values();
    if (first === undefined || confirm === true) return undefined;
    const holds = pauseMinutes === undefined && mode !== undefined && enforces(mode) && revertSeconds === undefined;
    if (holds) return undefined;
    return {
      code: 'conflict',
      message: `postern run confines "${first.state.command.join(' ')}", and nothing would hold it then`,
      hint: 'end it first; postern runs lists what is confined',
    };
  }

  list(uid?: number): RunView[] {
    const all = [...this.#running.values()].map(({ state }) => state);
    return all.filter((state) => uid === undefined || state.uid === uid).map((state) => this.#view(state));
  }

  async start(peer: Peer, request: StartRun): Promise<Served<RunView>> {
    const { keeper, mode, modeChanges, now, link, record } = this.#plan;
    if (!enforces(mode()) || modeChanges() !== undefined) {
      const why = enforces(mode()) ? 'the mode is one for the moment, and changes by itself' : `the mode is ${mode()}`;
      return fail({
        code: 'conflict',
        message: `${why}, so that nothing would hold the command; it was not begun`,
        hint: 'postern mode allow (or ask, or lockdown) has the rules enforced',
      });
    }
    if (this.#running.size >= maxRuns)
      return fail({ code: 'too-many', message: `${maxRuns} commands are confined already` });
    const startTime = startTimeOf(peer.pid);
    if (startTime === undefined)
      return fail({ code: 'not-found', message: `process ${peer.pid}, which asks, is not there` });
    const state: RunState = {
      ...request,
      ...{ id: this.#freeId(), uid: peer.uid, started: now(), ended: null },
      client: { pid: peer.pid, startTime },
    };
    const wrong = this.#wrongRule(state);
    if (wrong !== undefined) return fail({ code: 'bad-request', message: wrong });
    const names = await this.#serveNames(state);
    if (!names.ok) return fail({ code: 'unavailable', message: names.error });
    this.#running.set(state.id, { state, record: new RunRecord(), names: names.value });
    this.#write();
    const refusal = (await keeper().reload()) === undefined ? null : keeper().refusal;
    const joined = refusal === null ? await link().ask({ type: 'join', run: state.id, pid: peer.pid }) : undefined;
    if (joined?.type !== 'applied') {
      await this.#drop(state.id);
      if (refusal !== null) return fail({ code: 'conflict', message: refusal });
      if (joined?.type !== 'refused') return fail(unavailable);
      return fail({ code: 'conflict', message: `${joined.error}; the command was not begun` });
    }
    // Changed while this one was not among those that forbid it.
    if (!enforces(mode())) {
      await link().ask({ type: 'leave', run: state.id, pid: peer.pid });
      await this.#drop(state.id);
      return fail({ code: 'conflict', message: `the mode is ${mode()} now; the command was not begun` });
    }
    record('run-started', this.#view(state));
    this.#look();
    return ok(this.#view(state));
  }

  /** The command is a process of its own now: whoever began it goes back to where it was. */
  async begun(peer: Peer, id: string): Promise<Served<null>> {
    const found = this.#find(peer, id);
    if (!found.ok) return found;
    const left = await this.#plan.link().ask({ type: 'leave', run: id, pid: found.value.state.client.pid });
    if (left === undefined) return fail(unavailable);
    return left.type === 'refused' ? fail({ code: 'conflict', message: left.error }) : ok(null);
  }

  async report(peer: Peer, id: string): Promise<Served<RunReport>> {
    const over = this.#over.get(id);
    if (over !== undefined && mayAsk(peer, over.uid)) return ok(over.report);
    const found = this.#find(peer, id);
    return found.ok ? ok(await this.#report(found.value)) : found;
  }

  /** What it left running is confined on. */
  async end(peer: Peer, id: string): Promise<Served<RunReport>> {
    const found = this.#find(peer, id);
    if (!found.ok) return found;
    const running = found.value;
    running.state = { ...running.state, ended: this.#plan.now() };
    this.#write();
    const report = await this.#report(running);
    if (report.left === 0) await this.#drop(id, report);
    this.#plan.record('run-ended', this.#view(running.state));
    return ok(report);
  }

  /** What the gate tells, of whomever. */
  see(connection: Connection): void {
    const id = runOfCgroup(connection.attempt.process?.cgroup);
    // What it asks its name server is told as questions.
    if (id === undefined || connection.rule === namesRule(id)) return;
    this.#running.get(id)?.record.connection(connection);
  }

  /** What the gate tells of Unix sockets. */
  asked({ run, services, untold }: Omit<Extract<GateMessage, { type: 'services' }>, 'type'>): void {
    const record = this.#running.get(run)?.record;
    if (record === undefined) return;
    for (const service of services) record.service(service);
    record.leftOut += untold;
  }

  #find(peer: Peer, id: string): Served<Running> {
    const running = this.#running.get(id);
    if (running !== undefined && mayAsk(peer, running.state.uid)) return ok(running);
    return fail({ code: 'not-found', message: `no command ${id} is confined`, hint: 'postern runs lists them' });
  }

  #wrongRule(state: RunState): string | undefined {
    const { keeper } = this.#plan;
    const context = { ...keeper().contextFor([]), revision: 0 };
    const { problems } = compileRuns([messageOf(state, nobodysPort)], context, []);
    return problems.find(({ severity }) => severity === 'error')?.message;
  }

  async #serveNames(state: RunState): Promise<Result<RunNames | undefined>> {
    const { id, dns } = state;
    if (dns === 'open') return ok(undefined);
    const record = () => this.#running.get(id)?.record;
    return serveNames(state, readResolvers(), {
      learned: async (lesson) => void (await this.#plan.link().ask({ type: 'lesson', run: id, ...lesson })),
      answered: (question) => record()?.question(question, null),
      refused: ({ reason, ...question }) => record()?.question(question, reason),
    });
  }

  async #report({ state, record }: Running): Promise<RunReport> {
    const members = await this.#plan.link().ask({ type: 'members', run: state.id });
    return {
      ...this.#view(state),
      lines: [...record.lines],
      questions: [...record.questions],
      services: [...record.services],
      servicesUnseen: members?.type === 'members' ? members.servicesUnseen : 'the gate is away',
      proposals: state.learn ? this.#proposals(record) : [],
      left: members?.type === 'members' ? members.members : 0,
      leftOut: record.leftOut,
    };
  }

  #proposals(record: RunRecord): Proposal[] {
    const context = { subject: {}, whole: 'command', domainOf: registeredDomain, taken: new Set<string>() };
    return [...proposeRules(record.allowed, context).proposals];
  }

  #view({ id, command, uid, started, ended, ask, dns, strict }: RunState): RunView {
    const user = this.#plan.keeper().userName(uid) ?? `uid ${uid}`;
    return { id, command: [...command], user, started, ended, ask, dns, strict };
  }

  #freeId(): string {
    const id = Array.from({ length: 4 }, () => idLetters[randomInt(idLetters.length)]).join('');
    return this.#running.has(id) || this.#over.has(id) ? this.#freeId() : id;
  }

  #write(): void {
    this.#plan.file.write([...this.#running.values()].map(({ state }) => state));
  }

  async #drop(id: string, report?: RunReport): Promise<void> {
    const running = this.#running.get(id);
    if (running === undefined) return;
    this.#running.delete(id);
    this.#write();
    if (report !== undefined) {
      this.#over.set(id, { uid: running.state.uid, report });
      const [oldest] = this.#over.keys();
      if (this.#over.size > maxEnded && oldest !== undefined) this.#over.delete(oldest);
    }
    await running.names?.close();
    await this.#plan.keeper().reload();
    this.#rest(idleMs);
  }

  /** While there are some: whether their clients are, and whether anything of them is. */
  #look(): void {
    clearTimeout(this.#timer);
    if (this.#running.size === 0) return;
    this.#timer = setTimeout(() => void this.#tidy().finally(() => this.#look()), lookMs).unref();
  }

  async #tidy(): Promise<void> {
    for (const running of [...this.#running.values()]) {
      const { state } = running;
      if (state.ended === null && processLives(state.client.pid, state.client.startTime)) continue;
      if (state.ended === null) {
        running.state = { ...state, ended: this.#plan.now() };
        this.#write();
        this.#plan.notice('warning', `Whoever began the command ${state.id} is gone; what it started is confined on.`);
      }
      const report = await this.#report(running);
      if (report.left === 0) await this.#drop(state.id, report);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#idle);
    for (const { names } of this.#running.values()) void names?.close();
  }
}
