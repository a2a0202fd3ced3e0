// Connections as a tree: the app, the registered domain or the address that it reaches, and there each name with its port.
import type { LogLine } from '#model/api.ts';
import { escapeText } from '#std/text.ts';

export interface Node {
  /** Stays the same while connections come. */
  readonly key: string;
  readonly level: 1 | 2 | 3;
  /** Escaped. */
  readonly title: string;
  readonly detail: string;
  readonly connections: number;
  readonly byAction: Readonly<Record<LogLine['action'], number>>;
  readonly bytes: number;
  readonly last: number;
  /** The newest connection of it. */
  readonly line: LogLine;
  /** How many connections began in each equal part of the time that is shown, the oldest first. */
  readonly pulse: readonly number[];
  /** None on the last level alone. */
  readonly children: readonly Node[];
}

export interface TreeOptions {
  /** Milliseconds since 1970: the time that is shown. */
  readonly from: number;
  readonly to: number;
  readonly search: string;
}

export const pulseParts = 24;

/** How the connections of each level are told apart, and what stands there of them. */
interface Level {
  readonly idOf: (line: LogLine) => string;
  readonly title: (line: LogLine) => string;
  readonly detail: (line: LogLine) => string;
}

const hostOf = ({ attempt: { flow, names = [] } }: LogLine) => names[0]?.name ?? flow.remote.address;

function placeOf({ domain, attempt: { flow, names = [] } }: LogLine): string {
  return flow.direction === 'in' ? `from ${flow.remote.address}` : (domain ?? names[0]?.name ?? flow.remote.address);
}

function serviceOf(line: LogLine): string {
  const { flow } = line.attempt;
  const port = (flow.direction === 'in' ? flow.local?.port : flow.remote.port) ?? 0;
  const host = hostOf(line);
  return `${escapeText(host.includes(':') ? `[${host}]` : host)}${port === 0 ? '' : `:${port}`}/${flow.protocol}`;
}

const levels: Readonly<Record<Node['level'], Level>> = {
  1: {
    idOf: ({ app, attempt: { process } }) => `${app}\n${process?.script ?? process?.exe ?? process?.image?.path ?? ''}`,
    title: ({ app }) => escapeText(app),
    detail: ({ user }) => (user === null ? '' : escapeText(user)),
  },
  2: {
    idOf: placeOf,
    title: (line) => escapeText(placeOf(line)),
    detail: ({ country, as }) => [country, as === undefined ? undefined : `AS${as}`].filter(Boolean).join(' '),
  },
  3: {
    idOf: serviceOf,
    title: serviceOf,
    detail: ({ attempt: { flow, names = [] } }) => (names[0] === undefined ? '' : flow.remote.address),
  },
};

/** The newest first on every level. Thousands of connections a second are made a tree of again and again: what nobody looks into is not made. */
export function buildTree(lines: readonly LogLine[], options: TreeOptions): Node[] {
  const { from, to } = options;
  const wanted = options.search.trim().toLowerCase();
  const shown = lines.filter(
    (line) => line.time >= from && line.time <= to && (wanted === '' || textOf(line).includes(wanted)),
  );
  return nodesOf(shown, 1, '', options);
}

function textOf({ app, user, attempt, rule, country }: LogLine): string {
  const names = attempt.names?.map(({ name }) => name).join(' ') ?? '';
  return `${app} ${user ?? ''} ${names} ${attempt.flow.remote.address} ${attempt.flow.remote.port ?? ''} ${rule ?? ''} ${country ?? ''}`.toLowerCase();
}

function nodesOf(lines: readonly LogLine[], level: Node['level'], above: string, options: TreeOptions): Node[] {
  const { idOf } = levels[level];
  const groups = new Map<string, LogLine[]>();
  for (const line of lines) {
    const id = idOf(line);
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [line]);
    else group.push(line);
  }
  const nodes = Array.from(groups, ([id, group]) => nodeOf(group, level, `${above}/${id}`, options));
  return nodes.sort((a, b) => b.last - a.last);
}

function nodeOf(lines: readonly LogLine[], level: Node['level'], key: string, options: TreeOptions): Node {
  const first = lines[0] as LogLine;
  const byAction = { allow: 0, reject: 0, drop: 0, ask: 0 };
  let bytes = 0;
  let newest = first;
  for (const line of lines) {
    byAction[line.action] += 1;
    bytes += (line.end?.bytesIn ?? 0) + (line.end?.bytesOut ?? 0);
    if (line.time >= newest.time) newest = line;
  }
  let pulse: readonly number[] | undefined;
  let children: readonly Node[] | undefined;
  return {
    ...{ key, level, title: levels[level].title(first), detail: levels[level].detail(first) },
    ...{ connections: lines.length, byAction, bytes, last: newest.time, line: newest },
    get pulse() {
      pulse ??= pulseOf(lines, options);
      return pulse;
    },
    get children() {
      children ??= level === 3 ? [] : nodesOf(lines, level === 1 ? 2 : 3, key, options);
      return children;
    },
  };
}

function pulseOf(lines: readonly LogLine[], { from, to }: TreeOptions): number[] {
  const pulse = new Array<number>(pulseParts).fill(0);
  const span = Math.max(1, to - from);
  for (const { time } of lines) {
    const part = Math.min(pulseParts - 1, Math.floor(((time - from) / span) * pulseParts));
    pulse[part] = (pulse[part] ?? 0) + 1;
  }
  return pulse;
}

/** The rows in sight: what is below a node only where it is open; apps are open unless they were closed. */
export function visibleRows(nodes: readonly Node[], turned: ReadonlySet<string>): Node[] {
  const rows: Node[] = [];
  for (const node of nodes) {
    rows.push(node);
    if (isOpen(node, turned)) rows.push(...visibleRows(node.children, turned));
  }
  return rows;
}

/** `turned`: those that are otherwise than they begin. */
export const isOpen = ({ level, key }: Pick<Node, 'level' | 'key'>, turned: ReadonlySet<string>): boolean =>
  level < 3 && (level === 1) !== turned.has(key);

/** What most stands out of what became of its connections: a refusal before a question before a pass. */
export function stateOf({ byAction }: Pick<Node, 'byAction'>): LogLine['action'] {
  return (['reject', 'drop', 'ask', 'allow'] as const).find((action) => byAction[action] > 0) ?? 'allow';
}
