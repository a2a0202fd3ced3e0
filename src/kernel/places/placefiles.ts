// The flat files by which addresses are placed, as the control plane names them: read when one changes, and else kept.
import { existsSync, readFileSync } from 'node:fs';
import { type GeoTable, noGeo, parseGeo } from '#geo/flat.ts';
import { type ListSet, parseLists } from '#lists/flat.ts';
import type { PlacesMessage } from '#model/messages.ts';
import type { Places } from '#policy/match/places.ts';
import type { Result } from '#std/result.ts';
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
    if (key !== this.#geo.key) {
      const table = geo === null ? noGeo : this.#read(geo.file, parseGeo, 'No country or network number is known.');
      this.#geo = { key, table: table ?? noGeo };
    }
    const { table } = this.#geo;
    const listKey = lists === null ? '' : `${lists.version} ${lists.file}`;
    if (listKey !== this.#lists.key) {
      const set = lists === null ? undefined : this.#read(lists.file, parseLists, 'No list has anything.');
      this.#lists = { key: listKey, set };
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

  /** Undefined where it cannot be used; `without` says what that means. */
  #read<T>(file: string, parse: (bytes: Uint8Array) => Result<T>, without: string): T | undefined {
    try {
      const parsed = parse(readFileSync(file));
      if (parsed.ok) return parsed.value;
      this.problem = `${escapeText(file)} cannot be used: ${parsed.error}. ${without}`;
    } catch (error) {
      this.problem = `${escapeText(file)} cannot be read: ${error instanceof Error ? error.message : error}. ${without}`;
    }
    return undefined;
  }
}
