// A name of an address with its evidence: who says so, to whom, and for how long.
import type { NameSource } from '../attempt.ts';
import type { Address } from './address.ts';

export interface NameEvidence {
  /** What the program asked for or said: lower case, no dot at its end, `\DDD` for bytes that are no letters of a host name. */
  readonly name: string;
  readonly address: Address;
  readonly from: NameSource;
  /** The run of the program that asked, such as `4711@123456789`; undefined when it is not known who asked: then it counts for all. */
  readonly asker: string | undefined;
  /** Who answered, as text of address and port, where somebody did. */
  readonly server: string | undefined;
  /** The answer is not from one of the machine's configured resolvers, so that the asker may have chosen what it says. */
  readonly ownServer: boolean;
  /** The last name of the chain that led to the address, where it is another. */
  readonly canonical: string | undefined;
  /** Milliseconds: when it was first learned, and when it ends. */
  readonly since: number;
  readonly until: number;
}

/** What counts for an address changed, so that what was decided by its names must be decided anew. */
export interface NameChange {
  readonly kind: 'gained' | 'lost';
  readonly address: Address;
  readonly asker: string | undefined;
  readonly name: string;
  readonly from: NameSource;
}
