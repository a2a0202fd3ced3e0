// What a source says, as it is collected: the ranges of its countries and of its networks.
import type { GeoHalf, NetworkHalf } from '#geo/build.ts';
import { Ranges } from '#geo/ranges.ts';
import type { GeoSource } from '#geo/source.ts';

export interface SourceHalves {
  /** Undefined when the source names no country, or no network. */
  readonly countries: GeoHalf | undefined;
  readonly networks: NetworkHalf | undefined;
}

/** More than there are networks: beyond it they have no names. */
const maxNames = 1_000_000;

export class Collected {
  readonly countries: { readonly v4: Ranges; readonly v6: Ranges } = { v4: new Ranges(1), v6: new Ranges(4) };
  readonly networks: { readonly v4: Ranges; readonly v6: Ranges } = { v4: new Ranges(1), v6: new Ranges(4) };
  readonly #names = new Map<number, string>();

  /** The first name of a network is kept. */
  name(number: number, name: string): void {
    if (name !== '' && this.#names.size < maxNames && !this.#names.has(number)) this.#names.set(number, name);
  }

  /** Ranges that could not be taken. */
  get refused(): number {
    const { countries, networks } = this;
    return [countries.v4, countries.v6, networks.v4, networks.v6].reduce((sum, ranges) => sum + ranges.refused, 0);
  }

  halves(source: GeoSource): SourceHalves {
    const says = ({ v4, v6 }: { readonly v4: Ranges; readonly v6: Ranges }) =>
      [v4, v6].some(({ values, length }) => values.subarray(0, length).some((value) => value !== 0));
    const { countries, networks } = this;
    return {
      countries: says(countries) ? { source, ...countries } : undefined,
      networks: says(networks) ? { source, ...networks, names: this.#names } : undefined,
    };
  }
}
