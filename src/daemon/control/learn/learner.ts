// Learn, review, accept: a rule of limited time allows what no other rule refuses, and what came under it becomes rules.
import type { LearningServices, Served, ServiceError } from '#api/services.ts';
import type { RuleChange } from '#model/api.ts';
import { attemptFromJson } from '#model/attempt.ts';
import type { Learning, LearningView, LearnReview, LearnSubject } from '#model/learn/learning.ts';
import type { RuleText } from '#model/rule.ts';
import { compilePolicy, formatRule, type Observed, proposeRules } from '#policy/index.ts';
import { nameable } from '#policy/show/words.ts';
import { freeName } from '#std/freename.ts';
import { fail, ok } from '#std/result.ts';
import { readHits } from '#store/history.ts';
import type { Journal } from '#store/journal.ts';
import { type LearnedGroup, readLearned } from '#store/learned.ts';
import { registeredDomain } from '../domains.ts';
import type { PolicyKeeper } from '../policykeeper.ts';
import type { RuleChanges } from '../rulechanges.ts';
import type { LearningsFile } from './learningsfile.ts';

/** Below all others, also the built-in ones: what is decided without it stays so, and needs no rule. */
const learningPriority = -20;

export interface LearnerParts {
  readonly file: LearningsFile;
  readonly keeper: PolicyKeeper;
  readonly changes: RuleChanges;
  readonly journal: Journal;
  readonly now: () => number;
  readonly notice: (text: string) => void;
}

export class Learner implements LearningServices {
  readonly #parts: LearnerParts;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: LearnerParts) {
    this.#parts = parts;
    this.#watch();
  }

  list(): LearningView[] {
    return this.#parts.file.all.map((learning) => this.#view(learning));
  }

  /** By the rules that there are now: an undo takes back an acceptance, and what ended with it goes on. */
  #view(learning: Learning): LearningView {
    const { keeper, now } = this.#parts;
    const record = keeper.records.find(({ rule }) => rule.name === learning.name);
    const running = record?.expires !== undefined && record.expires > now();
    const rules =
      learning.accepted?.rules.filter((name) => keeper.records.some(({ rule }) => rule.name === name)) ?? [];
    const said = formatRule({ name: learning.name, action: 'allow', ...learning.subject }).slice('allow '.length);
    return {
      ...learning,
      ends: running ? (record.expires ?? learning.ends) : Math.min(learning.ends, now()),
      accepted: learning.accepted === null || rules.length === 0 ? null : { ...learning.accepted, rules },
      running,
      text: said,
    };
  }

  async start(uid: number, subject: LearnSubject, minutes: number): Promise<Served<LearningView>> {
    const { keeper, changes, file, now } = this.#parts;
    const running = this.list().find((one) => one.running && same(one.subject, subject));
    if (running !== undefined) {
      return fail({
        code: 'conflict',
        message: `"${running.name}" learns that already`,
        hint: `postern learn review "${running.name}" shows what it has, postern learn stop ends it`,
      });
    }
    const taken = new Set([...keeper.records.map(({ rule }) => rule.name), ...file.all.map(({ name }) => name)]);
    const name = learningName(subject, taken);
    const rule: RuleText = {
      name,
      action: 'allow',
      priority: learningPriority,
      direction: ['out', 'in', 'forward'],
      note: 'Made to learn what this does; it ends by itself.',
      ...subject,
    };
    const started = now();
    const made = await changes.add(uid, rule, `${minutes}m`);
    if (!made.ok) return made;
    const by = keeper.userName(uid) ?? `uid ${uid}`;
    const learning: Learning = { name, subject, started, ends: started + minutes * 60_000, by, accepted: null };
    file.change((all) => [learning, ...all]);
    this.#watch();
    return ok(this.#view(learning));
  }

  /** What it has stays to be reviewed. */
  async stop(uid: number, name: string): Promise<Served<LearningView>> {
    const learning = this.#find(name);
    if (learning === undefined) return fail(unknown(name));
    if (!learning.running) return fail({ code: 'conflict', message: `"${name}" has ended already` });
    const removed = await this.#parts.changes.remove(uid, name);
    if (!removed.ok) return removed;
    return ok(this.#put(name, { ends: this.#parts.now() }));
  }

  /** Ends it where it still goes on, and takes it off the list; the rules that came of it stay. */
  async forget(uid: number, name: string): Promise<Served<null>> {
    const learning = this.#find(name);
    if (learning === undefined) return fail(unknown(name));
    if (learning.running) {
      const removed = await this.#parts.changes.remove(uid, name);
      if (!removed.ok) return removed;
    }
    this.#parts.file.change((all) => all.filter((one) => one.name !== name));
    return ok(null);
  }

  review(name: string): Served<LearnReview> {
    const learning = this.#find(name);
    if (learning === undefined) return fail(unknown(name));
    const { journal, keeper, now } = this.#parts;
    const until = learning.running ? now() : learning.ends;
    const learned = readLearned(journal, { since: learning.started, until, rule: name });
    const taken = new Set(keeper.records.map(({ rule }) => rule.name));
    const context = { subject: learning.subject, domainOf: registeredDomain, taken };
    const { proposals, unsaid } = proposeRules(
      learned.groups.map((group) => this.#observed(group)),
      context,
    );
    return ok({
      learning,
      proposals: [...proposals],
      unsaid: [...unsaid],
      connections: learned.connections,
      leftOut: learned.leftOut,
      since: this.#since(learning, context),
    });
  }

  #since(learning: Learning, context: Parameters<typeof proposeRules>[1]): LearnReview['since'] {
    if (learning.accepted === null) return null;
    const { journal, now } = this.#parts;
    const { time, rules } = learning.accepted;
    const agree = fieldsOf(learning.subject);
    const refused = readLearned(journal, { since: time, until: now(), rule: null, agree });
    const ours = refused.groups.filter(this.#concerns(learning));
    const { proposals } = proposeRules(
      ours.map((group) => this.#observed(group)),
      context,
    );
    const hits = readHits(journal);
    return { departures: [...proposals], unused: rules.filter((rule) => (hits.get(rule)?.lastHit ?? 0) < time) };
  }

  /** By the policy itself: what the rule of the learning would match. */
  #concerns({ name, subject }: Learning): (group: LearnedGroup) => boolean {
    const { keeper, now } = this.#parts;
    const rule: RuleText = { name, action: 'allow', direction: ['out', 'in', 'forward'], ...subject };
    const context = { revision: 0, mode: 'lockdown', accounts: keeper.accounts } as const;
    const { policy } = compilePolicy([{ rule, origin: 'local' }], context);
    return ({ attempt }) => policy.decide(attemptFromJson(attempt), now()).action === 'allow';
  }

  #observed(group: LearnedGroup): Observed {
    const uid = group.attempt.process?.uid;
    return { ...group, user: uid === undefined ? null : (this.#parts.keeper.userName(uid) ?? null) };
  }

  /** The rules as they were edited, in one change with the end of the learning: one undo takes all back. */
  async accept(uid: number, name: string, rules: readonly RuleText[]): Promise<Served<RuleChange>> {
    const learning = this.#find(name);
    if (learning === undefined) return fail(unknown(name));
    const { running } = learning;
    const { changes, now } = this.#parts;
    const made = await changes.addAll(uid, `accepted what "${name}" learned`, rules, running ? name : undefined);
    if (!made.ok) return made;
    const before = learning.accepted?.rules ?? [];
    const accepted = { time: now(), rules: [...before, ...rules.map((rule) => rule.name)] };
    this.#put(name, { ends: running ? now() : learning.ends, accepted });
    return made;
  }

  #find(name: string): LearningView | undefined {
    return this.list().find((one) => one.name === name);
  }

  #put(name: string, change: Partial<Learning>): LearningView {
    this.#parts.file.change((all) => all.map((one) => (one.name === name ? { ...one, ...change } : one)));
    this.#watch();
    return this.#find(name) as LearningView;
  }

  /** Says when one ends by itself: it waits to be reviewed then. */
  #watch(): void {
    clearTimeout(this.#timer);
    const { file, now, notice } = this.#parts;
    const next = file.all.filter(({ ends }) => ends > now()).sort((a, b) => a.ends - b.ends)[0];
    if (next === undefined) return;
    const left = next.ends - now();
    const wake = () => {
      if (next.ends <= now())
        notice(`"${next.name}" has ended; postern learn review "${next.name}" shows what it found.`);
      this.#watch();
    };
    this.#timer = setTimeout(wake, Math.min(Math.max(left, 0) + 10, 2 ** 31 - 1)).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}

/** What of a process the subject asks for: connections that differ in it are not the same to it. */
function fieldsOf(subject: LearnSubject) {
  const { ancestor, args, group, cgroup, label, app = [] } = subject;
  const asked = new Set([app].flat().flatMap((one) => (typeof one === 'string' ? [] : Object.keys(one))));
  return [
    ...(['package', 'sha256', 'pid', 'kernel'] as const).filter((key) => asked.has(key)),
    ...(ancestor === undefined ? [] : (['ancestors'] as const)),
    ...(args === undefined ? [] : (['args'] as const)),
    ...(group === undefined ? [] : (['gid'] as const)),
    ...(subject['supplementary-group'] === undefined ? [] : (['groups'] as const)),
    ...(cgroup === undefined ? [] : (['cgroup'] as const)),
    ...(label === undefined ? [] : (['label'] as const)),
  ];
}

function same(a: LearnSubject, b: LearnSubject): boolean {
  const text = (subject: LearnSubject) => JSON.stringify(Object.entries(subject).sort());
  return text(a) === text(b);
}

/** `learning curl`, `learning nginx.service`, `learning everything`; with a number where that is taken. */
function learningName({ app, ancestor, cgroup, user, group }: LearnSubject, taken: ReadonlySet<string>): string {
  const [first] = [app ?? ancestor ?? cgroup ?? user ?? group ?? 'everything'].flat();
  const said = typeof first === 'object' ? Object.values(first)[0] : first;
  const text = String(said);
  return freeName(`learning ${nameable(text.slice(text.lastIndexOf('/') + 1), 60) || 'everything'}`, taken);
}

function unknown(name: string): ServiceError {
  return { code: 'not-found', message: `nothing called "${name}" was learned`, hint: 'postern learn lists what was' };
}
