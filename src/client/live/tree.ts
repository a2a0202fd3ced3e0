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
  readonly children: readonly Node[];
}

export interface TreeOptions {
  /** Milliseconds since 1970: the time that is shown. */
  readonly from: number;
  readonly to: number;
  readonly search: string;
}

export const pulseParts = 24;

interface Draft {
  readonly lines: LogLine[];
  readonly title: string;
  readonly detail: string;
  readonly children: Map<string, Draft>;
}

const draft = (title: string, detail = ''): Draft => ({ lines: [], title, detail, children: new Map() });

function child(parent: Draft, key: string, title: string, detail?: string): Draft {
  let found = parent.children.get(key);
  if (found === undefined) {
    found = draft(title, detail);
    parent.children.set(key, found);
  }
  return found;
}

/** The newest first on every level. */
export function buildTree(lines: readonly LogLine[], options: TreeOptions): Node[] {
  const root = draft('');
  const wanted = options.search.trim().toLowerCase();
  for (const line of lines) {
    if (line.time < options.from || line.time > options.to) continue;
    if (wanted !== '' && !textOf(line).includes(wanted)) continue;
    const { flow, names = [], process } = line.attempt;
    const [newest] = names;
    const domain = line.domain ?? newest?.name;
    const place = flow.direction === 'in' ? `from ${flow.remote.address}` : (domain ?? flow.remote.address);
    const port = (flow.direction === 'in' ? flow.local?.port : flow.remote.port) ?? 0;
    const host = newest?.name ?? flow.remote.address;
    const service = `${escapeText(host.includes(':') ? `[${host}]` : host)}${port === 0 ? '' : `:${port}`}/${flow.protocol}`;
    const path = process?.script ?? process?.exe ?? process?.image?.path ?? '';
    const app = child(
      root,
      `${line.app}\n${path}`,
      escapeText(line.app),
      line.user === null ? '' : escapeText(line.user),
    );
    const where = child(
      app,
      place,
      escapeText(place),
      [line.country, line.as === undefined ? undefined : `AS${line.as}`].filter(Boolean).join(' '),
    );
    const leaf = child(where, service, service, newest === undefined ? '' : flow.remote.address);
    for (const one of [app, where, leaf]) one.lines.push(line);
  }
  return finish(root, '', 1, options);
}

function textOf({ app, user, attempt, rule, country }: LogLine): string {
  const names = attempt.names?.map(({ name }) => name).join(' ') ?? '';
  return `${app} ${user ?? ''} ${names} ${attempt.flow.remote.address} ${attempt.flow.remote.port ?? ''} ${rule ?? ''} ${country ?? ''}`.toLowerCase();
}

function finish(parent: Draft, above: string, level: 1 | 2 | 3, options: TreeOptions): Node[] {
  const nodes: Node[] = [];
  for (const [id, { lines, title, detail, children }] of parent.children) {
    const key = `${above}/${id}`;
    const byAction = { allow: 0, reject: 0, drop: 0, ask: 0 };
    const pulse = new Array<number>(pulseParts).fill(0);
    const span = Math.max(1, options.to - options.from);
    let bytes = 0;
    let newest = lines[0] as LogLine;
    for (const line of lines) {
      byAction[line.action] += 1;
      bytes += (line.end?.bytesIn ?? 0) + (line.end?.bytesOut ?? 0);
      if (line.time >= newest.time) newest = line;
      const part = Math.min(pulseParts - 1, Math.floor(((line.time - options.from) / span) * pulseParts));
      pulse[part] = (pulse[part] ?? 0) + 1;
    }
    nodes.push({
      ...{
        key,
        level,
        title,
        detail,
        connections: lines.length,
        byAction,
        bytes,
        last: newest.time,
        line: newest,
        pulse,
      },
      children: level === 3 ? [] : finish({ lines, title, detail, children }, key, level === 1 ? 2 : 3, options),
    });
  }
  return nodes.sort((a, b) => b.last - a.last);
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
export const isOpen = ({ level, key, children }: Node, turned: ReadonlySet<string>): boolean =>
  children.length > 0 && (level === 1) !== turned.has(key);

/** What most stands out of what became of its connections: a refusal before a question before a pass. */
export function stateOf({ byAction }: Pick<Node, 'byAction'>): LogLine['action'] {
  return (['reject', 'drop', 'ask', 'allow'] as const).find((action) => byAction[action] > 0) ?? 'allow';
}
