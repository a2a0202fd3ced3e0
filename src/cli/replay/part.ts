// A replay, or the part of it that one thread does.
import type { Mode } from '#model/mode.ts';
import { judgingGuests, Replay } from '#policy/index.ts';
import { readRows, type Stretch } from '#store/replay/rows.ts';
import { compileFolder } from '../rulesdir.ts';

/** Plain data: it can go to another thread. */
export interface ReplayAsked {
  readonly path: string;
  /** The rules to compare with; undefined: what was done. */
  readonly against: string | undefined;
  readonly mode: Mode;
  readonly journal: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly now: number;
}

/** Ends the command where a rule is wrong. */
export async function beginReplay({ path, against, mode, now }: ReplayAsked): Promise<Replay> {
  const { ownPlaces } = await import('#kernel/places/placefiles.ts');
  const policyOf = (folder: string) => judgingGuests(compileFolder(folder, { mode, places: ownPlaces() }, true).policy);
  return new Replay(policyOf(path), now, against === undefined ? undefined : policyOf(against));
}

/** Rows between two calls of `told`. */
const stepRows = 2000;

/** Throws a sentence where the journal cannot be read. */
export function replayStretch(
  replay: Replay,
  { journal, since }: ReplayAsked,
  stretch: Stretch | undefined,
  told: (count: number) => void,
): void {
  let count = 0;
  for (const connection of readRows(journal, since, stretch)) {
    replay.add(connection);
    count += 1;
    if (count % stepRows === 0) told(count);
  }
}
