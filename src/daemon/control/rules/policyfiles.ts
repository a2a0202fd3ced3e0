// The rule files as a whole: shown with what names their state, and exchanged for others in one change.
import type { PolicyFileServices, Served } from '#api/services.ts';
import type { Applied, ApplyFiles, PolicyFiles } from '#model/shown/policyfiles.ts';
import { formatDiagnostic, maxRuleFileBytes, parseRuleFile } from '#policy/index.ts';
import { fail, ok } from '#std/result.ts';
import { localFileName } from '#store/localfile.ts';
import type { RuleStore } from '#store/rulestore.ts';
import { type RuleTexts, stateOf, withLocal } from '#store/versions/ruletexts.ts';
import type { PolicyKeeper } from '../policykeeper.ts';
import type { RuleChanges } from '../rulechanges.ts';
import type { SettingsFile } from '../settings.ts';

export interface RuleFilesParts {
  readonly store: RuleStore;
  readonly keeper: PolicyKeeper;
  readonly changes: RuleChanges;
  readonly journalFile: string;
  readonly settings: Pick<SettingsFile, 'mode'>;
  readonly now: () => number;
}

export class RuleFiles implements PolicyFileServices {
  readonly #parts: RuleFilesParts;

  constructor(parts: RuleFilesParts) {
    this.#parts = parts;
  }

  read(): Served<PolicyFiles> {
    const { store, journalFile: journal, settings, now } = this.#parts;
    const found = store.texts();
    if (!found.ok) return fail({ code: 'unavailable', message: found.error.message });
    const { texts, state } = found.value;
    return ok({ files: { ...texts }, state, folder: store.rulesDir, mode: settings.mode(now()), journal });
  }

  async reload(): Promise<Served<null>> {
    const problem = await this.#parts.keeper.reload();
    this.#parts.changes.notice();
    return problem === undefined ? ok(null) : fail({ code: 'conflict', message: problem });
  }

  async apply(uid: number, { files, state, note }: ApplyFiles): Promise<Served<Applied>> {
    const { store, changes } = this.#parts;
    const found = store.texts();
    if (!found.ok) return fail({ code: 'unavailable', message: found.error.message });
    const { texts } = found.value;
    if (state !== undefined && state !== found.value.state) {
      const hint = 'make the plan anew: postern plan DIR';
      return fail({ code: 'conflict', message: 'the rules have changed since the plan was made', hint });
    }
    const wanted = withLocal(files, texts);
    const names = [...new Set([...Object.keys(texts), ...Object.keys(wanted)])].sort();
    const changed = names.filter((name) => texts[name] !== wanted[name]);
    const made = { changed, state: stateOf(wanted) };
    if (changed.length === 0) return ok({ ...made, version: null, pending: null });
    const wrong = this.#problem(wanted);
    if (wrong !== undefined) return fail({ code: 'bad-request', message: wrong });
    const [first = ''] = changed;
    const which = changed.length === 1 ? first : `${changed.length} rule files`;
    const done = await changes.replaceFiles(uid, `applied ${which}${note === undefined ? '' : `: ${note}`}`, wanted);
    return done.ok ? ok({ ...made, version: done.value.version, pending: done.value.pending }) : done;
  }

  #problem(texts: RuleTexts): string | undefined {
    const long = Object.entries(texts).find(([, text]) => Buffer.byteLength(text) > maxRuleFileBytes);
    if (long !== undefined) return `${long[0]} has more than ${maxRuleFileBytes} bytes`;
    const parsed = Object.entries(texts).map(([name, text]) =>
      parseRuleFile(text, name, name === localFileName ? 'local' : 'file'),
    );
    const wrong = this.#parts.keeper.problemsOf(parsed).find(({ severity }) => severity === 'error');
    return wrong && formatDiagnostic(wrong);
  }
}
