// Changes of rules that people make: through the command line, the API and their answers.
import type { Served, ServiceError } from '#api/services.ts';
import type { Answered, Listed, RuleChange, Undone, VersionView } from '#model/api.ts';
import type { Answer, Prompt } from '#model/prompt.ts';
import type { Lifetime, RuleRecord, RuleText } from '#model/rule.ts';
import type { RolledBack, VersionDifference } from '#model/shown/difference.ts';
import { compilePolicy, exceptionPriority, ruleFromAnswer } from '#policy/index.ts';
import { differingFiles } from '#std/difference.ts';
import { fail, ok, type Result } from '#std/result.ts';
import type { Draft, EditError, RuleStore } from '#store/rulestore.ts';
import { readRuleText } from '#store/ruletext.ts';
import type { RuleTexts } from '#store/versions/ruletexts.ts';
import type { Version } from '#store/versions/versions.ts';
import { registeredDomain } from './domains.ts';
import type { Here } from './networks/networks.ts';
import type { PolicyKeeper } from './policykeeper.ts';

const codes: Readonly<Record<EditError['kind'], ServiceError['code']>> = {
  missing: 'not-found',
  conflict: 'conflict',
  storage: 'unavailable',
};

/** Rules that answers may make for one user: each is one more that everybody's packets are judged by. */
const maxAnswers = 1000;

/** When a lifetime in minutes ends; undefined for the others. */
function expiryOf(lifetime: Lifetime, now: number): number | undefined {
  return lifetime.endsWith('m') ? now + Number.parseInt(lifetime, 10) * 60_000 : undefined;
}

export class RuleChanges {
  readonly #store: RuleStore;
  readonly #keeper: PolicyKeeper;
  readonly #now: () => number;
  readonly #onChange: (version: VersionView) => void;
  readonly #onFiles: () => void;
  readonly #here: () => Here | undefined;

  constructor(parts: {
    readonly store: RuleStore;
    readonly keeper: PolicyKeeper;
    readonly now: () => number;
    readonly onChange: (version: VersionView) => void;
    /** Files beside the rules may have changed: read before the policy is. */
    readonly onFiles: () => void;
    /** The network that the machine is on; undefined where it cannot be recognised. */
    readonly here: () => Here | undefined;
  }) {
    this.#store = parts.store;
    this.#keeper = parts.keeper;
    this.#now = parts.now;
    this.#onChange = parts.onChange;
    this.#onFiles = parts.onFiles;
    this.#here = parts.here;
  }

  view({ id, time, uid, what }: Version): VersionView {
    return { id, time, user: this.#keeper.userName(uid) ?? `uid ${uid}`, what };
  }

  async edit(
    uid: number,
    what: string,
    rules: readonly RuleText[],
    change: (draft: Draft) => Result<void, EditError>,
  ): Promise<Served<RuleChange>> {
    return this.#hold(uid, rules, this.#store.edit(uid, what, change));
  }

  /** These rule files in the place of all there are. */
  replaceFiles(uid: number, what: string, texts: RuleTexts): Promise<Served<RuleChange>> {
    return this.#hold(uid, [], this.#store.replace(uid, what, texts));
  }

  /** Tells what somebody changed in the files by hand. */
  notice(): void {
    const noticed = this.#store.noticeFiles();
    if (noticed.ok && noticed.value !== undefined) this.#onChange(this.view(noticed.value));
  }

  async #hold(
    uid: number,
    rules: readonly RuleText[],
    edited: Result<Version, EditError>,
  ): Promise<Served<RuleChange>> {
    if (!edited.ok) return fail({ code: codes[edited.error.kind], message: edited.error.message });
    const version = this.view(edited.value);
    this.#onFiles();
    const problem = await this.#keeper.reload();
    if (problem !== undefined && this.#keeper.refusal !== null) {
      // The gate would not take it: what cannot hold is not kept.
      this.#store.undo(uid, version.id);
      this.#onFiles();
      await this.#keeper.reload();
      return fail({ code: 'conflict', message: `the rules cannot hold so: ${problem}` });
    }
    this.#onChange(version);
    return ok({ rules: [...rules], version, file: `${this.#store.rulesDir}/50-local.yaml`, pending: problem ?? null });
  }

  /** What is wrong with these rules beside all others; undefined when nothing is. */
  #problem(rules: readonly RuleText[], replaced?: string): string | undefined {
    const others = this.#keeper.records.filter(({ rule }) => rule.name !== replaced);
    const records: RuleRecord[] = [...others, ...rules.map((rule) => ({ rule, origin: 'local' as const }))];
    const { problems } = compilePolicy(records, {
      revision: 0,
      mode: this.#keeper.policy.mode,
      accounts: this.#keeper.accounts,
    });
    return problems.find(({ severity }) => severity === 'error')?.message;
  }

  async add(uid: number, asked: RuleText, lifetime: Lifetime): Promise<Served<RuleChange>> {
    const here = lifetime === 'here' ? this.#here() : null;
    if (here === undefined) return nowhere;
    const rule = onlyHere(asked, here);
    if (this.#keeper.records.some((record) => record.rule.name === rule.name)) {
      return fail({
        code: 'conflict',
        message: `there is a rule "${rule.name}" already`,
        hint: 'choose another --name',
      });
    }
    if (lifetime === 'once' || lifetime === 'exit') {
      return fail({
        code: 'bad-request',
        message: `a rule of lifetime "${lifetime}" can only come from an answer to a question`,
      });
    }
    const problem = this.#problem([rule]);
    if (problem !== undefined) return fail({ code: 'bad-request', message: problem });
    const added = this.#asException(rule);
    return this.edit(uid, `added rule "${rule.name}"`, [added], (draft) => {
      here?.keep(draft);
      if (lifetime === 'always' || lifetime === 'here') draft.local.add(added);
      else draft.temporary = [...draft.temporary, this.#temporary(added, 'local', lifetime)];
      return ok(undefined);
    });
  }

  /** Several in one change, which may take the place of a temporary rule. */
  async addAll(uid: number, what: string, rules: readonly RuleText[], instead?: string): Promise<Served<RuleChange>> {
    const taken = rules.find(({ name }) => this.#keeper.records.some(({ rule }) => rule.name === name));
    if (taken !== undefined) return fail({ code: 'conflict', message: `there is a rule "${taken.name}" already` });
    const problem = this.#problem(rules, instead);
    if (problem !== undefined) return fail({ code: 'bad-request', message: problem });
    return this.edit(uid, what, rules, (draft) => {
      for (const rule of rules) draft.local.add(rule);
      draft.temporary = draft.temporary.filter(({ rule }) => rule.name !== instead);
      return ok(undefined);
    });
  }

  /** An exception to a fence stands at the fence's priority: else it could never win. */
  #asException(rule: RuleText): RuleText {
    const { records, accounts } = this.#keeper;
    const { places } = this.#keeper.contextFor(records);
    const priority = exceptionPriority(rule, records, accounts, places);
    return priority === undefined ? rule : { ...rule, priority };
  }

  #temporary(
    rule: RuleText,
    origin: 'local' | 'answer',
    lifetime: Lifetime,
    subject?: { pid: number; startTime: string },
  ): RuleRecord {
    const expires = expiryOf(lifetime, this.#now());
    const kept = lifetime === 'here' ? 'always' : lifetime;
    return { rule, origin, lifetime: kept, ...(expires !== undefined && { expires }), ...(subject && { subject }) };
  }

  async change(uid: number, name: string, { rule: whole, text, enabled }: RuleEdit): Promise<Served<RuleChange>> {
    const record = this.#keeper.records.find((candidate) => candidate.rule.name === name);
    if (record === undefined) return fail(unknownRule(name));
    const read = text === undefined ? undefined : readRuleText(text);
    const wrong = read?.problems.find(({ severity }) => severity === 'error');
    if (wrong !== undefined) {
      return fail({ code: 'bad-request', message: `line ${wrong.line}, column ${wrong.column}: ${wrong.message}` });
    }
    const rule = read?.rule ?? whole;
    const next: RuleText = { ...(rule ?? record.rule), ...(enabled !== undefined && { enabled }) };
    if (rule !== undefined) {
      const problem = this.#problem([next], name);
      if (problem !== undefined) return fail({ code: 'bad-request', message: problem });
    }
    const what =
      rule !== undefined ? `changed rule "${name}"` : `switched rule "${name}" ${enabled === false ? 'off' : 'on'}`;
    return this.edit(uid, what, [next], (draft) => {
      if (text !== undefined && draft.local.has(name)) {
        const put = draft.local.setText(name, text);
        return put.ok ? put : fail({ kind: 'conflict', message: put.error });
      }
      if (draft.local.has(name)) {
        const { enabled: _, ...without } = next;
        draft.local.setDisabled(name, false);
        draft.local.replace(name, next.enabled === false ? next : without);
        return ok(undefined);
      }
      if (draft.temporary.some((temporary) => temporary.rule.name === name)) {
        draft.temporary = draft.temporary.map((temporary) =>
          temporary.rule.name === name ? { ...temporary, rule: next } : temporary,
        );
        return ok(undefined);
      }
      if (rule !== undefined) {
        const where = record.source === undefined ? 'comes with Postern' : `stands in ${record.source.file}`;
        return fail({
          kind: 'conflict',
          message: `rule "${name}" ${where} and cannot be changed here; switch it off instead`,
        });
      }
      draft.local.setDisabled(name, enabled === false);
      return ok(undefined);
    });
  }

  async remove(uid: number, name: string): Promise<Served<RuleChange>> {
    const record = this.#keeper.records.find((candidate) => candidate.rule.name === name);
    if (record === undefined) return fail(unknownRule(name));
    return this.edit(uid, `removed rule "${name}"`, [], (draft) => {
      if (draft.local.has(name)) draft.local.remove(name);
      else if (draft.temporary.some((temporary) => temporary.rule.name === name)) {
        draft.temporary = draft.temporary.filter((temporary) => temporary.rule.name !== name);
      } else {
        const where = record.source === undefined ? 'comes with Postern' : `stands in ${record.source.file}`;
        const message = `rule "${name}" ${where} and cannot be removed here; switch it off with: postern rule disable ${name}`;
        return fail({ kind: 'conflict', message });
      }
      return ok(undefined);
    });
  }

  /** The rules that an answer makes; none for "not now". */
  async answered(
    uid: number,
    prompt: Prompt,
    answer: Answer,
    lists: readonly Listed[],
  ): Promise<Served<Pick<Answered, 'rules' | 'pending'>>> {
    const asked = prompt.attempt.process;
    const userName = asked?.uid === undefined ? undefined : this.#keeper.userName(asked.uid);
    const made = ruleFromAnswer(prompt, answer, { userName, domainOf: registeredDomain, lists });
    if (!made.ok) return fail({ code: 'conflict', message: made.error });
    const here = answer.lifetime === 'here' ? this.#here() : null;
    if (here === undefined) return nowhere;
    const rules = made.value.map((rule) => onlyHere(rule, here));
    if (rules.length === 0) return ok({ rules, pending: null });
    const problem = this.#problem(rules);
    if (problem !== undefined) return fail({ code: 'conflict', message: problem });
    const answers = this.#keeper.records.filter(({ origin, rule }) => origin === 'answer' && rule.user === asked?.uid);
    if (answers.length >= maxAnswers) {
      return fail({
        code: 'conflict',
        message: `there are ${maxAnswers} rules from answers for this user already`,
        hint: 'answer for any destination or for a shorter time, or have an administrator make a rule',
      });
    }
    const subject =
      answer.lifetime === 'exit' && asked?.pid !== undefined && asked.startTime !== undefined
        ? { pid: asked.pid, startTime: asked.startTime }
        : undefined;
    const edited = await this.edit(uid, `answered a question with rule "${rules[0]?.name}"`, rules, (draft) => {
      here?.keep(draft);
      // Answers are for one user and never outrank an administrator's rules: they are kept apart from those.
      draft.temporary = [
        ...draft.temporary,
        ...rules.map((rule) => this.#temporary(rule, 'answer', answer.lifetime, subject)),
      ];
      return ok(undefined);
    });
    return edited.ok ? ok({ rules, pending: edited.value.pending }) : edited;
  }

  async undo(uid: number, version?: number): Promise<Served<Undone>> {
    const done = this.#store.undo(uid, version);
    if (!done.ok) return fail({ code: codes[done.error.kind], message: done.error.message });
    this.#onFiles();
    const problem = await this.#keeper.reload();
    const made = this.view(done.value.made);
    this.#onChange(made);
    return ok({ undone: this.view(done.value.undone), made, pending: problem ?? null });
  }

  async rollback(uid: number, version: number): Promise<Served<RolledBack>> {
    const done = this.#store.rollback(uid, version);
    if (!done.ok) return fail({ code: codes[done.error.kind], message: done.error.message });
    this.#onFiles();
    const problem = await this.#keeper.reload();
    const made = this.view(done.value.made);
    this.#onChange(made);
    return ok({ to: this.view(done.value.to), made, pending: problem ?? null });
  }

  /** What a change did, or what is different between it and another, or now. */
  difference(id: number, to: number | 'now' | undefined): Served<VersionDifference> {
    const found = this.#store.difference(id, to);
    if (!found.ok) return fail({ code: codes[found.error.kind], message: found.error.message });
    const { from, to: until, files } = found.value;
    const shown = until === null || until === 'now' ? until : this.view(until);
    return ok({ from: this.view(from), to: shown, files: differingFiles(files) });
  }
}

/** A rule, or its YAML, in the place of the old one; or only whether it is switched on. */
export interface RuleEdit {
  readonly rule?: RuleText | undefined;
  readonly text?: string | undefined;
  readonly enabled?: boolean | undefined;
}

/** The same on this network only; on any without one. */
function onlyHere(rule: RuleText, here: Here | null): RuleText {
  return here === null ? rule : { ...rule, 'known-network': here.name };
}

const nowhere: Served<never> = fail({
  code: 'conflict',
  message: 'nobody can say which network this is, so nothing can hold on it alone',
  hint: 'postern networks says what is known; choose another lifetime',
});

function unknownRule(name: string): ServiceError {
  return { code: 'not-found', message: `there is no rule "${name}"`, hint: 'postern rules lists them' };
}
