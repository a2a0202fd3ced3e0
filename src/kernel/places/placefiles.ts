// The flat files by which addresses are placed, as the control plane names them: read when one changes, and else kept.
import { existsSync, readFileSync } from 'node:fs';
import { type GeoTable, noGeo, parseGeo } from '#geo/flat.ts';
import type { PlacesMessage } from '#model/messages.ts';
import type { Places } from '#policy/match/places.ts';
import { escapeText } from '#std/text.ts';
import { ownTable } from './owntable.ts';

/** What the table that came with Postern knows, for commands that need no daemon. */
export function ownPlaces(): Places {
  return new PlaceFiles().load({ geo: existsSync(ownTable) ? { file: ownTable, version: '' } : null });
}

export class PlaceFiles {
  #geo: { readonly key: string; readonly table: GeoTable } = { key: '', table: noGeo };
  /** What is wrong with a file that was named, as a sentence. */
  problem: string | undefined;

  get geo(): GeoTable {
    return this.#geo.table;
  }

  /** Reads what it does not have yet; a file that cannot be used knows nothing, and `problem` says so. */
  load({ geo }: PlacesMessage): Places {
    const key = geo === null ? '' : `${geo.version} ${geo.file}`;
    if (key !== this.#geo.key) this.#geo = { key, table: geo === null ? noGeo : this.#readGeo(geo.file) };
    const { table } = this.#geo;
    return {
      listNumber: () => undefined,
      listHasName: () => false,
      listHasAddress: () => false,
      country: (address) => table.country(address),
      network: (address) => table.network(address),
    };
  }

  #readGeo(file: string): GeoTable {
    this.problem = undefined;
    try {
      const table = parseGeo(readFileSync(file));
      if (table.ok) return table.value;
      this.problem = `${escapeText(file)} cannot be used: ${table.error}. No country or network number is known.`;
    } catch (error) {
      this.problem = `${escapeText(file)} cannot be read: ${error instanceof Error ? error.message : error}. No country or network number is known.`;
    }
    return noGeo;
  }
}
