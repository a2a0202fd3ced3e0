// What a confined command tried, as a short table.
import type { RunLine, RunReport, RunService } from '#model/run/run.ts';
import { formatBytes } from '#std/bytes.ts';
import { paint, safe, table } from '../output.ts';

/** Lines of the table; the rest is in --report. */
const maxLines = 40;

const arrows = { out: '→', in: '←', forward: '⇢' } as const;

function place({ to, address, port, protocol }: RunLine): string {
  const end = to.includes(':') ? `[${to}]` : safe(to);
  const shown = port === 0 ? end : `${end}:${port}`;
  return `${shown}/${protocol}${to === address ? '' : ` (${address})`}`;
}

const short = (rule: string | null, id: string) =>
  rule === null
    ? 'nobody answered, or no rule'
    : safe(rule.startsWith(`run ${id}: `) ? rule.slice(`run ${id}: `.length) : rule);

function traffic({ bytesOut, bytesIn }: RunLine): string {
  return bytesOut + bytesIn === 0 ? '' : `${formatBytes(bytesOut)} out, ${formatBytes(bytesIn)} in`;
}

/** What was done and how often, the refused first, with these columns behind; nothing where nothing was. */
function tableOf<T extends Pick<RunLine, 'action' | 'times'>>(
  all: readonly T[],
  head: readonly string[],
  allowed: 'green' | 'yellow',
  columnsOf: (one: T) => readonly string[],
): string[] {
  if (all.length === 0) return [];
  const refused = all.filter(({ action }) => action !== 'allow');
  const rows = [...refused, ...all.filter(({ action }) => action === 'allow')]
    .slice(0, maxLines)
    .map((one) => [
      one.action === 'allow' ? paint(allowed, 'allowed') : paint('red', 'refused'),
      String(one.times),
      ...columnsOf(one),
    ]);
  const more = all.length - maxLines;
  const rest = more > 0 ? [`… and ${more} more; --report FILE has all of them.`] : [];
  return [table(['', 'TIMES', ...head], rows), ...rest];
}

function asked(services: readonly RunService[]): string[] {
  const free = services.some(({ action }) => action === 'allow');
  return [
    ...tableOf(services, ['SERVICE ASKED', 'WHICH'], 'yellow', ({ service, socket, does }) => [
      service === null ? `an abstract socket (${safe(socket)})` : `${safe(service)} (${safe(socket)})`,
      does === null ? '' : safe(does),
    ]),
    ...(free ? ['What such a service starts is not confined; --strict keeps a command from them.'] : []),
  ];
}

/** Empty where it tried nothing. */
export function formatReport(report: RunReport): string {
  const { id, lines, questions, left, leftOut, services, servicesUnseen } = report;
  // Of one that was answered some kinds of record may be missing.
  const answered = new Set(questions.flatMap((question) => (question.refused === null ? question.name : [])));
  const unanswered = questions.filter(({ name, refused: why }) => why !== null && !answered.has(name));
  const out = [
    ...tableOf(lines, ['WHAT', 'BYTES', 'BY'], 'green', (line) => [
      `${safe(line.app)} ${arrows[line.direction]} ${place(line)}`,
      traffic(line),
      short(line.rule, id),
    ]),
    ...asked(services),
  ];
  if (servicesUnseen !== null)
    out.push(`Which services it asked over Unix sockets is not known: ${safe(servicesUnseen)}.`);
  const names = [...new Map(unanswered.map(({ name, refused: why }) => [name, why])).entries()];
  if (names.length > 0) {
    const shown = names.slice(0, 10).map(([name, why]) => `${safe(name)}${why === 'name' ? '' : ` (${why})`}`);
    const more = names.length > 10 ? ` and ${names.length - 10} more` : '';
    out.push(`Names that were not answered: ${shown.join(', ')}${more}.`);
  }
  if (left > 0)
    out.push(
      `${left === 1 ? 'One process' : `${left} processes`} it left running ${left === 1 ? 'is' : 'are'} confined on.`,
    );
  if (leftOut > 0) out.push(`${leftOut} more were too many to be told apart.`);
  return out.join('\n');
}
