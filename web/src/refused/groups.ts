// Refusals together: the same app, the same place and the same reason are one row.
import type { LogLine } from '#model/api.ts';
import { escapeText } from '#std/text.ts';

export interface Group {
  readonly key: string;
  readonly app: string;
  readonly user: string | null;
  /** Escaped: its newest name, or its address; with the port. */
  readonly place: string;
  readonly times: number;
  readonly first: number;
  readonly last: number;
  /** The newest of them. */
  readonly line: LogLine;
  /** How many came after the moment that was given. */
  readonly fresh: number;
}

export function placeOf({ attempt: { flow, names = [] } }: Pick<LogLine, 'attempt'>): string {
  const incoming = flow.direction === 'in';
  const port = (incoming ? flow.local?.port : flow.remote.port) ?? 0;
  const host = incoming ? flow.remote.address : (names[0]?.name ?? flow.remote.address);
  const end = `${port === 0 ? '' : incoming ? ` to port ${port}` : ` port ${port}`}/${flow.protocol}`;
  return `${incoming ? 'from ' : ''}${escapeText(host)}${end}`;
}

/** The newest first; `seen`: milliseconds since 1970. */
export function groupRefusals(lines: readonly LogLine[], seen: number): Group[] {
  const groups = new Map<string, Group>();
  const newestFirst = [...lines].sort((a, b) => b.time - a.time);
  for (const line of newestFirst) {
    const place = placeOf(line);
    const path = line.attempt.process?.script ?? line.attempt.process?.exe ?? '';
    const key = JSON.stringify([line.app, path, line.user, place, line.action, line.rule, line.reason]);
    const known = groups.get(key);
    const fresh = line.time > seen ? 1 : 0;
    groups.set(
      key,
      known === undefined
        ? { key, app: line.app, user: line.user, place, times: 1, first: line.time, last: line.time, line, fresh }
        : { ...known, times: known.times + 1, first: line.time, fresh: known.fresh + fresh },
    );
  }
  return [...groups.values()];
}
