// The rows of the terminal view: the open questions, then the tree of connections; and the figures of its head.
import { buildTree, type Node, stateOf, visibleRows } from '#client/live/tree.ts';
import { firstScope } from '#client/question/meaning.ts';
import type { Watched } from '#client/watch.ts';
import type { LogLine, PromptView, Status } from '#model/api.ts';
import type { Answer } from '#model/prompt.ts';
import type { Counters } from '#model/status.ts';
import type { Ui } from './ui.ts';

export type Row =
  | { readonly type: 'question'; readonly key: string; readonly prompt: PromptView; readonly answer: Answer }
  | { readonly type: 'node'; readonly key: string; readonly node: Node };

/** The time that the tree shows. */
export const spanMs = 10 * 60_000;

export function answerFor({ answers, lifetime }: Pick<Ui, 'answers' | 'lifetime'>, prompt: PromptView): Answer {
  return answers.get(prompt.id) ?? { action: 'reject', scope: firstScope(prompt), lifetime };
}

/** `search` finds questions too. */
export function rowsOf({ told }: Pick<Watched, 'told'>, tree: readonly Node[], ui: Ui, now: number): Row[] {
  const wanted = ui.search.trim().toLowerCase();
  const questions = [...told.prompts.values()]
    .filter(({ deadline, app, user, names, attempt }) => {
      const text = `${app} ${user ?? ''} ${names.map(({ name }) => name).join(' ')} ${attempt.flow.remote.address}`;
      return deadline > now && text.toLowerCase().includes(wanted);
    })
    .map((prompt): Row => ({ type: 'question', key: `question ${prompt.id}`, prompt, answer: answerFor(ui, prompt) }));
  const nodes = visibleRows(tree, ui.turned).map((node): Row => ({ type: 'node', key: node.key, node }));
  return [...questions, ...nodes];
}

/** Of what came since the list stands still. */
export function changesWaiting(held: Ui['held'], lines: readonly LogLine[]): number {
  if (held === undefined) return 0;
  const last = held.lines.reduce((most, { sequence }) => Math.max(most, sequence), 0);
  return lines.filter(({ sequence }) => sequence > last).length;
}

const rateMs = 10_000;

export interface Rates {
  /** Connections that began each second, over the last ten. */
  readonly connections: number;
  readonly refused: number;
  /** Bytes a second of the connections that ended in these. */
  readonly bytes: number;
}

export function ratesOf(lines: readonly LogLine[], now: number): Rates {
  let [connections, refused, bytes] = [0, 0, 0];
  for (const { time, action, end } of lines) {
    if (time > now - rateMs) {
      connections += 1;
      if (action === 'reject' || action === 'drop') refused += 1;
    }
    if (end !== undefined && end.time > now - rateMs) bytes += end.bytesIn + end.bytesOut;
  }
  const each = rateMs / 1000;
  return { connections: connections / each, refused: refused / each, bytes: bytes / each };
}

/** What was lost, or refused for want of room, since the gate started. */
const losses: readonly (keyof Counters)[] = [
  ...([
    'queueFull',
    'queueUserDropped',
    'heldLost',
    'noBuffers',
    'unreported',
    'quotaUser',
    'quotaApp',
    'quotaPackets',
  ] as const),
  ...(['queueHalfFull', 'rateLimited', 'malformed', 'badMessages', 'processesLost', 'socketsLost'] as const),
];

export function lossesOf(status: Status | undefined): number {
  const counters = status?.gate?.counters;
  return counters === undefined ? 0 : losses.reduce((sum, name) => sum + counters[name], 0);
}

/** For scripts: what the screen shows, without what only a screen needs. */
export function frameJson(watched: Watched, lines: readonly LogLine[], now: number): unknown {
  const plain = ({ title, detail, connections, bytes, last, line, children, ...node }: Node): unknown => ({
    ...{ title, detail, state: stateOf(node), enforced: line.enforced, connections, bytes, last },
    ...(children.length > 0 && { children: children.map(plain) }),
  });
  const tree = buildTree(lines, { from: now - spanMs, to: now, search: '' });
  return {
    mode: watched.status?.mode ?? null,
    kernelPath: watched.status?.gate?.kernelPath.tier ?? null,
    rates: ratesOf(lines, now),
    losses: lossesOf(watched.status),
    prompts: [...watched.told.prompts.values()],
    apps: tree.map(plain),
  };
}
