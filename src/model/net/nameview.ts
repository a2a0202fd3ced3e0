// What an address is called, as the API and `postern names` show it.
import { z } from 'zod';
import { type DestinationName, maxNames, nameSources, sameName } from '../attempt.ts';
import { type Process, pathOfProgram } from '../process.ts';
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

/** The names among these that count for a program: what it asked for itself, or nobody knows who. */
export function namesForProgram(views: readonly NameView[], process: Process | undefined): DestinationName[] {
  const program = process && pathOfProgram(process);
  const names: DestinationName[] = [];
  for (const { name, from, since, asker, ownServer } of views) {
    const own =
      asker === null || (asker.app !== null && asker.app === program && (process?.uid ?? asker.uid) === asker.uid);
    if (!own || ownServer || names.some((one) => sameName(one, { name, from }))) continue;
    names.push({ name, from, since });
    if (names.length === maxNames) break;
  }
  return names;
}

/** The most that one answer has. */
export const maxNamesListed = 10_000;

export interface NamesQuery {
  readonly address?: string | undefined;
  readonly name?: string | undefined;
  readonly limit: number;
}
