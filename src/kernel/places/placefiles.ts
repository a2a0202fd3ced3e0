// The flat files by which addresses are placed, as the control plane names them: read when one changes, and else kept.
import { existsSync, readFileSync } from 'node:fs';
import { type GeoTable, noGeo, parseGeo } from '#geo/flat.ts';
import { type ListSet, parseLists } from '#lists/flat.ts';
import type { PlacesMessage } from '#model/messages.ts';
import type { Places } from '#policy/match/places.ts';
import { escapeText } from '#std/text.ts';
import { ownTable } from './owntable.ts';

/** What the table that came with Postern knows, for commands that need no daemon. */
export function ownPlaces(): Places {
  return new PlaceFiles().load({ geo: existsSync(ownTable) ? { file: ownTable, version: '' } : null, lists: null });
}

export class PlaceFiles {
  #geo: { readonly key: string; readonly table: GeoTable } = { key: '', table: noGeo };
  #lists: { readonly key: string; readonly set: ListSet | undefined } = { key: '', set: undefined };
  /** What is wrong with a file that was named, as a sentence. */
  problem: string | undefined;

  get geo(): GeoTable {
    return this.#geo.table;
  }

  /** Reads what it does not have yet; a file that cannot be used knows nothing, and `problem` says so. */
  load({ geo, lists }: PlacesMessage): Places {
    this.problem = undefined;
    const key = geo === null ? '' : `${geo.version} ${geo.file}`;
    if (key !== this.#geo.key) this.#geo = { key, table: geo === null ? noGeo : this.#readGeo(geo.file) };
    const { table } = this.#geo;
    const listKey = lists === null ? '' : `${lists.version} ${lists.file}`;
    if (listKey !== this.#lists.key) {
      this.#lists = { key: listKey, set: lists === null ? undefined : this.#readLists(lists.file) };
    }
    const { set } = this.#lists;
    return {
      listNumber: (list) => set?.number(list),
      listHasName: (list, name) => set?.has(list, name) === true,
      listHasAddress: (list, address) => set?.hasAddress(list, address) === true,
      country: (address) => table.country(address),
      network: (address) => table.network(address),
    };
  }

  #readLists(file: string): ListSet | undefined {
    try {
      const set = parseLists(readFileSync(file));
      if (set.ok) return set.value;
      this.problem = `${escapeText(file)} cannot be used: ${set.error}. No list has anything.`;
    } catch (error) {
      this.problem = `${escapeText(file)} cannot be read: ${error instanceof Error ? error.message : error}. No list has anything.`;
    }
    return undefined;
  }

  #readGeo(file: string): GeoTable {
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
