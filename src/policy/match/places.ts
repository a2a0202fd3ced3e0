// Places: what is known of names and addresses beside the rules: block lists, countries, network numbers. Fixed for one policy.
import type { Address } from '#model/net/address.ts';

export interface Places {
  /** Undefined where there is no list of this name. */
  listNumber(list: string): number | undefined;
  /** `name` in lower case without a dot at the end. */
  listHasName(list: number, name: string): boolean;
  listHasAddress(list: number, address: Address): boolean;
  /** ISO 3166-1, two capitals; undefined where it is not known. */
  country(address: Address): string | undefined;
  /** The number of the autonomous system; undefined where it is not known. */
  network(address: Address): number | undefined;
}

export const noPlaces: Places = {
  listNumber: () => undefined,
  listHasName: () => false,
  listHasAddress: () => false,
  country: () => undefined,
  network: () => undefined,
};
