// Where countries and network numbers come from: the table that comes with Postern, and before it an administrator's files,
// which are put into the folder `geo` of the configuration and made into a table of the state folder.
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { PlaceFile } from '#model/messages.ts';
import { coalesce } from '#std/coalesce.ts';
import { escapeText } from '#std/text.ts';
import { type GeoFiles, loadGeo } from './convert.ts';
import { importGeo } from './import.ts';

const maxFiles = 16;

export interface GeoFolderPlan {
  readonly configDir: string;
  readonly stateDir: string;
  /** The table that came with Postern. */
  readonly ownTable: string;
  /** Another table is to be used. */
  onChange(): void;
  /** A sentence about a file that cannot be used, or what is used now. */
  onNotice(text: string): void;
}

export class GeoFolder {
  readonly #plan: GeoFolderPlan;
  readonly folder: string;
  readonly #made: string;
  /** Names, sizes and times of the files that the table was made of. */
  #madeOf = '';

  constructor(plan: GeoFolderPlan) {
    this.#plan = plan;
    this.folder = join(plan.configDir, 'geo');
    this.#made = join(plan.stateDir, 'geo.bin');
  }

  /** The table to use; null where there is none. */
  current(): PlaceFile | null {
    const file = existsSync(this.#made) ? this.#made : this.#plan.ownTable;
    try {
      const { mtimeMs, size, ino } = statSync(file);
      return { file, version: `${mtimeMs} ${size} ${ino}` };
    } catch {
      return null;
    }
  }

  /** Looks at the folder anew. */
  readonly look = coalesce(() => this.#look());

  async #look(): Promise<void> {
    const files = namesIn(this.folder);
    const madeOf = files.map((name) => describe(join(this.folder, name))).join('\n');
    if (madeOf === this.#madeOf) return;
    this.#madeOf = madeOf;
    if (files.length === 0) {
      if (!existsSync(this.#made)) return;
      rmSync(this.#made);
    } else if (!(await this.#make(files.map((name) => join(this.folder, name))))) return;
    this.#plan.onChange();
  }

  /** Of several files for the same thing the first by name counts; what none of them has comes from the table of our own. */
  async #make(files: readonly string[]): Promise<boolean> {
    const { ownTable } = this.#plan;
    const own = existsSync(ownTable) ? loadGeo(ownTable) : undefined;
    const known = own?.ok === true ? own.value : undefined;
    const chosen: { countries?: string; networks?: string } = {};
    for (const file of files) {
      const halves = await this.#halvesOf(file);
      if (halves.countries && chosen.countries === undefined) chosen.countries = file;
      if (halves.networks && chosen.networks === undefined) chosen.networks = file;
    }
    if (chosen.countries === undefined && chosen.networks === undefined) return false;
    if (known?.countrySource !== undefined) chosen.countries ??= ownTable;
    if (known?.networkSource !== undefined) chosen.networks ??= ownTable;
    const made = await importGeo(chosen, this.#made);
    if (!made.ok) this.#plan.onNotice(made.error);
    return made.ok;
  }

  /** Which halves the file has; a file with neither is said. */
  async #halvesOf(file: string): Promise<{ readonly countries: boolean; readonly networks: boolean }> {
    const trial = join(this.#plan.stateDir, 'geo.trial');
    const has = async (files: GeoFiles) => {
      const made = await importGeo(files, trial);
      rmSync(trial, { force: true });
      return made;
    };
    const [countries, networks] = [await has({ countries: file }), await has({ networks: file })];
    if (!countries.ok && !networks.ok) this.#plan.onNotice(countries.error);
    return { countries: countries.ok, networks: networks.ok };
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort()
      .slice(0, maxFiles);
  } catch {
    return [];
  }
}

function describe(file: string): string {
  try {
    const { size, mtimeMs, ino } = statSync(file);
    return escapeText(`${file} ${size} ${mtimeMs} ${ino}`);
  } catch {
    return file;
  }
}
