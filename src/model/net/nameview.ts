// What an address is called, as the API and `postern names` show it.
import { z } from 'zod';
import { nameSources } from '../attempt.ts';
import { placeShape } from './place.ts';

const time = z.number();

export const nameViewSchema = z.strictObject({
  name: z.string(),
  address: z.string(),
  from: z.enum(nameSources),
  /** The program whose name it is, because it asked; null: nobody knows who asked, so that it counts for all. */
  asker: z.strictObject({ pid: z.int().nullable(), app: z.string().nullable(), uid: z.int().nullable() }).nullable(),
  /** Who answered, with its port. */
  server: z.string().nullable(),
  /** The name server is none that this machine is configured to ask: no rule goes by what it says. */
  ownServer: z.boolean(),
  /** The last name of the chain that led to the address, where it is another. */
  canonical: z.string().nullable(),
  /** Milliseconds since 1970: when it was learned, and when it ends unless it is renewed. */
  since: time,
  until: time,
  ...placeShape,
});
export type NameView = z.infer<typeof nameViewSchema>;

/** The most that one answer has. */
export const maxNamesListed = 10_000;

export interface NamesQuery {
  readonly address?: string | undefined;
  readonly name?: string | undefined;
  readonly limit: number;
}
