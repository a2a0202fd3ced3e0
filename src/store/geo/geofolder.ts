// Where countries and network numbers come from: the table that comes with Postern, and before it an administrator's files,
// which are put into the folder `geo` of the configuration and made into a table of the state folder.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type GeoTable, noGeo } from '#geo/flat.ts';
import { formatSource } from '#geo/source.ts';
import type { PlaceFile } from '#model/messages.ts';
import { parseAddress } from '#model/net/address.ts';
import type { Place } from '#model/net/place.ts';
import { coalesce } from '#std/coalesce.ts';
import { fileVersion, placeFile } from '../fileversion.ts';
import { loadGeo } from './convert.ts';
import { findHalves, importGeo } from './import.ts';

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
  #table: GeoTable | undefined;

  constructor(plan: GeoFolderPlan) {
    this.#plan = plan;
    this.folder = join(plan.configDir, 'geo');
    this.#made = join(plan.stateDir, 'geo.bin');
  }

  /** The table to use; null where there is none. */
  current(): PlaceFile | null {
    return placeFile(existsSync(this.#made) ? this.#made : this.#plan.ownTable);
  }

  /** Where the address is registered, as the table of now has it. */
  placeOf(text: string): Place {
    const address = parseAddress(text);
    if (address === undefined) return {};
    const [country, as] = [this.#now().country(address), this.#now().network(address)];
    return { ...(country !== undefined && { country }), ...(as !== undefined && { as }) };
  }

  /** Where what it knows comes from, with its date; null where it knows none. */
  sources(): { readonly countries: string | null; readonly networks: string | null } {
    const { countrySource, networkSource } = this.#now();
    return {
      countries: countrySource === undefined ? null : formatSource(countrySource),
      networks: networkSource === undefined ? null : formatSource(networkSource),
    };
  }

  /** Read when it is asked for first, and again when it changed. */
  #now(): GeoTable {
    if (this.#table !== undefined) return this.#table;
    const file = this.current()?.file;
    const loaded = file === undefined ? undefined : loadGeo(file);
    this.#table = loaded?.ok === true ? loaded.value : noGeo;
    return this.#table;
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
    this.#table = undefined;
    this.#plan.onChange();
  }

  /** Of several files for the same thing the first by name counts; what none of them has comes from the table of our own. */
  async #make(files: readonly string[]): Promise<boolean> {
    const { ownTable } = this.#plan;
    const chosen: { countries?: string; networks?: string } = {};
    for (const file of files) {
      const halves = await findHalves(file);
      if (!halves.ok) {
        this.#plan.onNotice(halves.error);
        continue;
      }
      if (halves.value.countries) chosen.countries ??= file;
      if (halves.value.networks) chosen.networks ??= file;
    }
    if (chosen.countries === undefined && chosen.networks === undefined) return false;
    const own = existsSync(ownTable) ? loadGeo(ownTable) : undefined;
    const known = own?.ok === true ? own.value : undefined;
    if (known?.countrySource !== undefined) chosen.countries ??= ownTable;
    if (known?.networkSource !== undefined) chosen.networks ??= ownTable;
    const made = await importGeo(chosen, this.#made);
    if (!made.ok) this.#plan.onNotice(made.error);
    return made.ok;
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

const describe = (file: string) => `${file} ${fileVersion(file)}`;
