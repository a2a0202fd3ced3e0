// What is set while Postern runs: as it comes, as people chose, or as the command line of `postern up` says for this run.
import type { Served } from '#api/services.ts';
import type { RuleChange } from '#model/api.ts';
import {
  type ChangeSettings,
  type Chosen,
  chosenSchema,
  type SettingKey,
  type SettingView,
  settingDefaults,
  settingKeys,
} from '#model/machine/settings.ts';
import { failModes } from '#model/mode.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { readIfThere } from '#store/atomicfile.ts';
import { changeSettingsText, parseSettingsFile, settingsFileName } from '#store/machine/settingsfile.ts';
import type { Draft, EditError } from '#store/rulestore.ts';

export interface ChosenPlan {
  /** Path of settings.yaml. */
  readonly file: string;
  /** What the command line says for this run. */
  readonly start: Chosen;
  /** What is shown beside: set at the start alone, or elsewhere. */
  readonly fixed: () => readonly SettingView[];
  readonly edit: (
    uid: number,
    what: string,
    change: (draft: Draft) => Result<void, EditError>,
  ) => Promise<Served<RuleChange>>;
  /** Another of these holds now. */
  readonly onChange: (changed: readonly SettingKey[]) => void;
  readonly notice: (text: string) => void;
}

const texts: Readonly<Record<SettingKey, Pick<SettingView, 'text' | 'unit'>>> = {
  hold: { text: 'How long a question waits for its answer; then what was held is refused.', unit: 'seconds' },
  fail: {
    text: 'What passes while nobody judges: all that the kernel itself does not refuse (open), what the kernel itself allows (known), or nothing new (closed).',
    unit: null,
  },
  'journal-days': { text: 'How long connections and events are kept.', unit: 'days' },
  'journal-megabytes': { text: 'How large the journal may be; beyond it the oldest rows leave.', unit: 'MB' },
  'lists-hours': { text: 'How often each block list is looked at; 0: only when it is asked for.', unit: 'hours' },
};

const flags: Partial<Record<SettingKey, string>> = { hold: '--hold', fail: '--fail' };

export class ChosenSettings {
  readonly #plan: ChosenPlan;
  #chosen: Chosen = {};
  #wrong = '';

  constructor(plan: ChosenPlan) {
    this.#plan = plan;
    this.#read();
  }

  get<Key extends SettingKey>(key: Key): NonNullable<Chosen[Key]> {
    return (this.#plan.start[key] ?? this.#chosen[key] ?? settingDefaults[key]) as NonNullable<Chosen[Key]>;
  }

  /** Reads the file again; what is wrong in it is told once, and what was read before holds. */
  look(): void {
    const before = settingKeys.map((key) => this.get(key));
    this.#read();
    const changed = settingKeys.filter((key, at) => this.get(key) !== before[at]);
    if (changed.length > 0) this.#plan.onChange(changed);
  }

  #read(): void {
    const text = readIfThere(this.#plan.file) ?? '';
    const parsed = parseSettingsFile(text);
    if (parsed.ok) this.#chosen = parsed.value;
    else if (text !== this.#wrong) this.#plan.notice(`${this.#plan.file} is not read: ${parsed.error}.`);
    this.#wrong = parsed.ok ? '' : text;
  }

  list(): SettingView[] {
    return [...settingKeys.map((key) => this.#view(key)), ...this.#plan.fixed()];
  }

  #view(key: SettingKey): SettingView {
    const bounds = numberBounds[key];
    const atStart = this.#plan.start[key] !== undefined;
    return {
      ...{ key, value: this.get(key), default: settingDefaults[key], ...texts[key] },
      source: atStart ? 'start' : this.#chosen[key] !== undefined ? 'chosen' : 'default',
      how: atStart
        ? `postern up was given ${flags[key]}, which holds for this run; leave it out there to set it here`
        : null,
      ...{ least: bounds?.[0] ?? null, most: bounds?.[1] ?? null, words: key === 'fail' ? [...failModes] : null },
    };
  }

  async change(uid: number, change: ChangeSettings): Promise<Served<readonly SettingView[]>> {
    const keys = settingKeys.filter((key) => change[key] !== undefined);
    const given = keys.find((key) => this.#plan.start[key] !== undefined);
    if (given !== undefined) return fail({ code: 'conflict', message: this.#view(given).how ?? '' });
    const what = keys
      .map((key) => (change[key] === null ? `${key} as it comes` : `${key} to ${change[key]}`))
      .join(', ');
    const edited = await this.#plan.edit(uid, `set ${what}`, (draft) => {
      const text = draft.files[settingsFileName] ?? '';
      const before = parseSettingsFile(text);
      if (!before.ok) return fail({ kind: 'conflict', message: `mend ${this.#plan.file} first: ${before.error}` });
      draft.files[settingsFileName] = changeSettingsText(text, change);
      return ok(undefined);
    });
    return edited.ok ? ok(this.list()) : edited;
  }
}

/** From the schema, so that the bounds that are shown are those that hold. */
const numberBounds = Object.fromEntries(
  settingKeys.flatMap((key) => {
    const schema = chosenSchema.shape[key].unwrap();
    return 'minValue' in schema ? [[key, [schema.minValue ?? 0, schema.maxValue ?? 0]]] : [];
  }),
) as Partial<Record<SettingKey, readonly [number, number]>>;
