// What people say of this machine beside its rules: its networks and its settings, each a file that undo puts back too.
import type { Served } from '#api/services.ts';
import type { RuleChange } from '#model/api.ts';
import type { SettingKey } from '#model/machine/settings.ts';
import type { Result } from '#std/result.ts';
import type { Draft, EditError } from '#store/rulestore.ts';
import type { ControlParts } from '../control.ts';
import { KnownNetworks } from '../networks/networks.ts';
import { fixedSettings } from './fixed.ts';
import { ChosenSettings } from './settings.ts';

export interface MachineFilesPlan {
  readonly edit: (
    uid: number,
    what: string,
    change: (draft: Draft) => Result<void, EditError>,
  ) => Promise<Served<RuleChange>>;
  readonly record: (type: string, data: unknown) => void;
  readonly notice: (level: 'info' | 'warning', text: string) => void;
}

export class MachineFiles {
  readonly #parts: ControlParts;
  readonly #plan: MachineFilesPlan;
  readonly networks: KnownNetworks;
  readonly chosen: ChosenSettings;

  constructor(parts: ControlParts, plan: MachineFilesPlan) {
    this.#parts = parts;
    this.#plan = plan;
    const { options, keeper, settings, pages, now } = parts;
    const { failMode, holdSeconds } = options;
    this.chosen = new ChosenSettings({
      file: parts.settingsFile,
      start: { ...(failMode && { fail: failMode }), ...(holdSeconds && { hold: holdSeconds }) },
      fixed: () => fixedSettings(options, settings.mode(now()), pages.state),
      edit: plan.edit,
      onChange: (keys) => this.#setAnew(keys),
      notice: (text) => plan.notice('warning', text),
    });
    this.#bound();
    this.networks = new KnownNetworks({
      ...parts.networks,
      ...plan,
      now,
      rules: () => keeper.records,
      onWhere: () => keeper.whereChanged(),
    });
  }

  /** Reads the files again. */
  look(): void {
    this.networks.look();
    this.chosen.look();
  }

  /** Carries out what is set now. */
  #setAnew(keys: readonly SettingKey[]): void {
    this.#bound();
    if (keys.includes('hold') || keys.includes('fail')) void this.#parts.keeper.reload();
    this.#plan.record('settings-changed', Object.fromEntries(keys.map((key) => [key, this.chosen.get(key)])));
  }

  #bound(): void {
    const { journal, lists } = this.#parts;
    const [days, megabytes] = [this.chosen.get('journal-days'), this.chosen.get('journal-megabytes')];
    journal.keep({ maxAgeMs: days * 24 * 3_600_000, maxBytes: megabytes * 1024 * 1024 });
    lists.maxAgeMs = this.chosen.get('lists-hours') * 3_600_000 || Infinity;
  }
}
