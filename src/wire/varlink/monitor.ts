// What systemd-resolved's monitor says of each question it answered: io.systemd.Resolve.Monitor.SubscribeQueryResults, from
// systemd 252 on (src/shared/varlink-io.systemd.Resolve.Monitor.c; manager_monitor_send in src/resolve/resolved-manager.c).
import { z } from 'zod';
import { fail, ok, type Result } from '#std/result.ts';
import { type DnsQuestion, type DnsRecord, maxRecords, parseDnsRecord } from '../dns/message.ts';
import { parseNameText } from '../dns/nametext.ts';

/** The call that everything follows: `more` asks for more than one reply. */
export const subscribeCall: Uint8Array = new TextEncoder().encode(
  `${JSON.stringify({ method: 'io.systemd.Resolve.Monitor.SubscribeQueryResults', parameters: {}, more: true })}\0`,
);

/** Questions of one reply that are taken: resolved asks for A and AAAA, as IDNA and as UTF-8, and follows 16 aliases. */
export const maxQuestions = 68;

export interface ResolvedAnswer {
  /** What was asked last: what the program asked for or, behind aliases, the name that they led to. */
  readonly questions: readonly DnsQuestion[];
  /** Asked before, each of them an alias on the way to `questions`. */
  readonly aliases: readonly DnsQuestion[];
  /** TTLs as the name server gave them, though resolved may have kept the answer for a while. */
  readonly records: readonly DnsRecord[];
  /** Names and records that could not be read, and what was beyond `maxQuestions` and `maxRecords`. */
  readonly notTaken: number;
}

/** `ready` comes first; `failed`: a question without an answer. */
export type MonitorReply =
  | { readonly type: 'ready' }
  | { readonly type: 'failed' }
  | { readonly type: 'answer'; readonly answer: ResolvedAnswer }
  | { readonly type: 'error'; readonly error: string };

const number16 = z.int().min(0).max(65_535);
const keySchema = z.object({ class: number16, type: number16, name: z.string() });
const keys = z.array(keySchema).nullish();
const replySchema = z.object({
  error: z.string().nullish(),
  parameters: z
    .object({
      ready: z.boolean().nullish(),
      state: z.string().nullish(),
      question: keys,
      collectedQuestions: keys,
      // `raw` is the record in wire format, in all versions; what stands beside it says the same, without the TTL.
      answer: z.array(z.object({ raw: z.string() })).nullish(),
    })
    .nullish(),
});
type Key = z.infer<typeof keySchema>;

/** Members that are not known are let be: later versions have more. */
export function parseMonitorReply(message: object): Result<MonitorReply, 'bad-reply'> {
  const parsed = replySchema.safeParse(message);
  if (!parsed.success) return fail('bad-reply');
  const { error, parameters } = parsed.data;
  if (typeof error === 'string') return ok({ type: 'error', error });
  if (parameters?.ready === true) return ok({ type: 'ready' });
  if (typeof parameters?.state !== 'string') return fail('bad-reply');
  if (parameters.state !== 'success') return ok({ type: 'failed' });
  const questions = readAll(parameters.question, maxQuestions, readQuestion);
  const aliases = readAll(parameters.collectedQuestions, maxQuestions, readQuestion);
  const records = readAll(parameters.answer, maxRecords, ({ raw }) => readRecord(raw));
  const notTaken = questions.notTaken + aliases.notTaken + records.notTaken;
  const answer = { questions: questions.taken, aliases: aliases.taken, records: records.taken, notTaken };
  return ok({ type: 'answer', answer });
}

/** `read` says undefined for what is not wanted, and fails for what cannot be read. */
function readAll<T, V>(
  list: readonly T[] | null | undefined,
  most: number,
  read: (one: T) => Result<V | undefined, unknown>,
): { readonly taken: readonly V[]; readonly notTaken: number } {
  const taken: V[] = [];
  let notTaken = 0;
  for (const one of list ?? []) {
    const value = taken.length < most && notTaken < most ? read(one) : fail(undefined);
    if (!value.ok) notTaken += 1;
    else if (value.value !== undefined) taken.push(value.value);
  }
  return { taken, notTaken };
}

function readQuestion({ name: text, type, class: inClass }: Key): Result<DnsQuestion, unknown> {
  const name = parseNameText(text);
  return name.ok ? ok({ name: name.value, type, class: inClass }) : name;
}

function readRecord(raw: string): Result<DnsRecord | undefined, unknown> {
  let text: string;
  try {
    text = atob(raw);
  } catch {
    return fail('no base64');
  }
  return parseDnsRecord(Uint8Array.from(text, (character) => character.charCodeAt(0)));
}
