// postern log
import { buildCommand } from '@stricli/core';
import type { LogLine, Status } from '#model/api.ts';
import { type FieldName, fieldNames } from '#model/query/fields.ts';
import type { Facets, Groups } from '#model/query/history.ts';
import { queryTest } from '#model/query/match.ts';
import { earlierOf, groupOf, timeOf, type View } from '#model/query/view.ts';
import { formatConnection, formatEnd } from '#model/sentence.ts';
import { formatBytes } from '#std/bytes.ts';
import { formatJson } from '#std/text.ts';
import { ask, type Context, clientOf, Ending, exits, orEnd } from '../context.ts';
import { type ClientFlags, clientFlags } from '../flags.ts';
import { incomparable, parseField, parseWhen, readQuery } from '../history/asked.ts';
import { showGroups, showValues } from '../history/counts.ts';
import { findView } from '../history/views.ts';
import { complain, formatTime, paint, safe, write, writeJson } from '../output.ts';

interface Flags extends ClientFlags {
  readonly follow: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly app?: string;
  readonly verdict?: 'allow' | 'reject' | 'drop' | 'ask';
  readonly limit?: number;
  readonly id?: string;
  readonly count?: FieldName;
  readonly values: boolean;
  readonly view?: string;
  readonly compare: boolean;
}

/** Connections remembered while following, so that a change of one is not a second line. */
const maxSeen = 20_000;

function parseLimit(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 10_000) return Number(text);
  throw new Error(`"${text}" is no number from 1 to 10000`);
}

const styles = { allow: 'green', reject: 'red', drop: 'red', ask: 'yellow' } as const;

/** Totals where they are known; before the end, how many packets were judged. */
function amount({ end, packets }: LogLine): string {
  if (end !== undefined) return `  (${formatBytes(end.bytesOut)} sent, ${formatBytes(end.bytesIn)} received)`;
  return packets > 1 ? `  (${packets} packets)` : '';
}

/** What it asks there is not seen. */
const blind = ({ encryptedDns }: LogLine) => (encryptedDns === true ? '  (encrypted DNS)' : '');

export function formatLine(line: LogLine): string {
  const sentence = formatConnection(line, () => line.user ?? undefined);
  const logged = line.logged.length > 0 ? `  [log: ${line.logged.map(safe).join(', ')}]` : '';
  return `${formatTime(line.time)} ${paint(styles[line.action], sentence)}${amount(line)}${logged}${blind(line)}`;
}

/** What is left to say of a connection whose line was shown when it began. */
export function formatEndLine(line: LogLine): string {
  const ended = formatEnd(line, () => line.user ?? undefined);
  return `${formatTime(line.end?.time ?? line.lastTime)} ${ended}${amount(line)}${blind(line)}`;
}

/** Follows connections by their lines: each is shown when it begins, and once more when it has ended. */
export class Following {
  /** Those shown that go on. */
  readonly #going: Set<string>;

  constructor(shown: readonly LogLine[]) {
    this.#going = new Set(shown.filter(({ end }) => end === undefined).map(({ id }) => id));
  }

  /** undefined: there is nothing new in the line. */
  handle({ id, end }: LogLine): 'begun' | 'ended' | undefined {
    const known = this.#going.has(id);
    if (end !== undefined) return this.#going.delete(id) ? 'ended' : 'begun';
    this.#going.add(id);
    if (this.#going.size > maxSeen) this.#going.delete(this.#going.values().next().value as string);
    return known ? undefined : 'begun';
  }
}

export const logCommand = buildCommand<Flags, string[], Context>({
  docs: {
    brief: 'Show connections and what became of them',
    fullDescription:
      'Show connections and what became of them, the newest last. Where eBPF counts, one that has ended shows what was sent and received.\n\n' +
      'A QUERY says which: all its terms hold, a field is one of its values, free text stands anywhere. Quotes hold spaces, * and ? any text or character, ! before a value the opposite, "" what is not known. ' +
      `Fields: ${fieldNames.join(', ')}.\n\nExamples:\n  postern log --follow\n  postern log 'app:curl verdict:reject,drop' --since 1h\n` +
      "  postern log 'name:*.example.org country:!DE port:8000-8999 own:no'\n  postern log --count domain 'app:firefox'\n  postern log --values verdict:reject\n  postern log --view Refusals --since 7d\n  postern log --app curl --json\n",
  },
  parameters: {
    flags: {
      ...clientFlags,
      follow: { kind: 'boolean', brief: 'Go on as new ones come and others end', default: false, withNegated: false },
      since: {
        kind: 'parsed',
        parse: String,
        brief: 'Not before: 7d, 12h, 30m, or a date',
        optional: true,
        placeholder: 'WHEN',
      },
      until: { kind: 'parsed', parse: String, brief: 'Not after', optional: true, placeholder: 'WHEN' },
      app: { kind: 'parsed', parse: String, brief: "Part of the app's name", optional: true, placeholder: 'NAME' },
      verdict: { kind: 'enum', values: ['allow', 'reject', 'drop', 'ask'], brief: 'What became of it', optional: true },
      limit: {
        kind: 'parsed',
        parse: parseLimit,
        brief: 'At most so many, up to 10000 (default 100)',
        optional: true,
        placeholder: 'N',
      },
      id: { kind: 'parsed', parse: String, brief: 'Only the connection of this id', optional: true, placeholder: 'ID' },
      count: {
        kind: 'parsed',
        parse: parseField,
        brief: 'Together by this field, with how many there are',
        optional: true,
        placeholder: 'FIELD',
      },
      values: { kind: 'boolean', brief: 'How many there are of each value', default: false, withNegated: false },
      compare: {
        kind: 'boolean',
        brief: 'With --count and --since: beside the time before, as long',
        default: false,
        withNegated: false,
      },
      view: {
        kind: 'parsed',
        parse: String,
        brief: 'As a view that you keep says, and more narrowly where more is said',
        optional: true,
        placeholder: 'NAME',
      },
    },
    aliases: { f: 'follow' },
    positional: {
      kind: 'array',
      parameter: { parse: String, brief: 'Which connections, such as app:curl verdict:reject', placeholder: 'QUERY' },
    },
  },
  async func(flags, ...words) {
    const view: View = flags.view === undefined ? {} : await findView(flags, flags.view);
    const asked = readQuery([view.q ?? '', ...words].filter((text) => text !== ''));
    if (flags.id !== undefined) {
      const line = await ask<LogLine>(flags, 'GET', `/connections/${encodeURIComponent(flags.id)}`);
      return flags.json ? writeJson(line) : write(formatLine(line));
    }
    const query = new URLSearchParams();
    if (asked.text !== '') query.set('q', asked.text);
    const now = Date.now();
    const kept = timeOf(view, now);
    const since = flags.since === undefined ? kept.since : parseWhen(flags.since);
    const until = flags.until === undefined ? kept.until : parseWhen(flags.until);
    if (since !== undefined) query.set('since', String(since));
    if (until !== undefined) query.set('until', String(until));
    if (flags.compare && (since === undefined || (flags.count ?? groupOf(view)) === undefined)) throw incomparable;
    if (flags.values) return showValues(flags, await ask<Facets>(flags, 'GET', `/connections/facets?${query}`));
    const by = flags.count ?? groupOf(view);
    if (by !== undefined) {
      query.set('by', by);
      const earlier = earlierOf(flags.compare ? { ...view, than: 'before' } : view, { since, until }, now);
      if (earlier?.since !== undefined) query.set('earlierSince', String(earlier.since));
      if (earlier?.until !== undefined) query.set('earlierUntil', String(earlier.until));
      if (flags.limit !== undefined) query.set('limit', String(Math.min(flags.limit, 1000)));
      return showGroups(flags, by, await ask<Groups>(flags, 'GET', `/connections/groups?${query}`));
    }
    if (flags.app !== undefined) query.set('app', flags.app);
    if (flags.verdict !== undefined) query.set('action', flags.verdict);
    if (flags.limit !== undefined) query.set('limit', String(flags.limit));
    // Asked for first: what comes between the two answers is then shown by following, and nothing twice.
    const { journal } = flags.follow ? await ask<Status>(flags, 'GET', '/status') : { journal: { sequence: 0 } };
    const lines = await ask<LogLine[]>(flags, 'GET', `/connections?${query}`);
    if (!flags.follow && flags.json) {
      writeJson(lines);
      return;
    }
    const show = (line: LogLine, format = formatLine) => write(flags.json ? formatJson(line) : format(line));
    for (const line of [...lines].reverse()) show(line);
    if (!flags.follow) return;
    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort());
    const following = new Following(lines);
    const isAsked = queryTest(asked.query);
    const ended = await clientOf(flags).follow(
      ({ type, data }) => {
        if (type === 'left-out') {
          complain(
            `${(data as { events: number }).events} events were left out; postern log shows what the journal has`,
          );
        }
        if (type !== 'connection') return;
        const line = data as LogLine;
        if (flags.app !== undefined && !line.app.toLowerCase().includes(flags.app.toLowerCase())) return;
        if (flags.verdict !== undefined && line.action !== flags.verdict) return;
        if (!isAsked(line)) return;
        const news = following.handle(line);
        if (news !== undefined) show(line, news === 'ended' ? formatEndLine : formatLine);
      },
      journal.sequence,
      stop.signal,
    );
    orEnd(ended);
    if (!stop.signal.aborted) throw new Ending(exits.noDaemon, 'Postern has stopped');
  },
});
