// The attempt that postern explain is asked about: by the words of rules, as JSON, or one that was, by its id.
import { readFileSync } from 'node:fs';
import type { LogLine, PromptView } from '#model/api.ts';
import { type Attempt, type AttemptJson, attemptFromJson, attemptSchema } from '#model/attempt.ts';
import type { Whereabouts } from '#model/net/network.ts';
import { formatConnection } from '#model/sentence.ts';
import { ask, Ending, exits } from '../context.ts';
import { type ConditionFlags, conditionsOf } from '../flags.ts';
import { formatTime } from '../output.ts';
import { headline } from '../story.ts';

export interface AskedFlags extends ConditionFlags {
  readonly json?: string;
  readonly runtimeDir?: string;
}

export interface AskedAttempt {
  readonly attempt: Attempt;
  /** On which network; undefined: on the one that the machine is on. */
  readonly where: Whereabouts | undefined;
  /** What became of it, or what is asked; undefined where it is only supposed. */
  readonly was?: string;
}

/** An attempt, or what has one: a line of the log, a question. */
function readAttempt(text: string): Attempt {
  let json: unknown;
  try {
    json = JSON.parse(text.startsWith('{') ? text : readFileSync(text === '-' ? 0 : text, 'utf8'));
  } catch (error) {
    throw new Ending(exits.usage, `--json: ${error instanceof Error ? error.message : error}`);
  }
  const given = typeof json === 'object' && json !== null && 'attempt' in json ? json.attempt : json;
  const parsed = attemptSchema.safeParse(given);
  if (parsed.success) return attemptFromJson(parsed.data);
  const [issue] = parsed.error.issues;
  throw new Ending(exits.usage, `--json: ${issue?.path.join('.')}: ${issue?.message}`);
}

/** Questions and lines have ids of one kind: those that wait are looked at first, and a line is told with its time. */
async function byId(flags: AskedFlags, id: string): Promise<{ readonly attempt: AttemptJson; readonly was: string }> {
  const prompts = await ask<PromptView[]>(flags, 'GET', '/prompts');
  const prompt = prompts.find((one) => one.id === id);
  if (prompt !== undefined) return { attempt: prompt.attempt, was: headline(prompt) };
  const line = await ask<LogLine>(flags, 'GET', `/connections/${encodeURIComponent(id)}`);
  const was = formatConnection(line, (uid) =>
    uid === line.attempt.process?.uid ? (line.user ?? undefined) : undefined,
  );
  return { attempt: line.attempt, was: `${formatTime(line.time)} ${was}` };
}

export async function askedOf(flags: AskedFlags, id: string | undefined): Promise<AskedAttempt> {
  const { attemptFromConditions, completeAccounts, whereOf } = await import('#policy/index.ts');
  const { readLocalAccounts } = await import('../rulesdir.ts');
  const conditions = conditionsOf(flags) as Parameters<typeof attemptFromConditions>[0];
  const said = whereOf(conditions);
  const place = Object.keys(said);
  const where = place.length === 0 ? undefined : said;
  if (id !== undefined) {
    const other = Object.keys(conditions).find((key) => !place.includes(key));
    if (other !== undefined || (flags.json ?? '') !== '') {
      throw new Ending(
        exits.usage,
        `${id} says what the attempt is; leave ${other === undefined ? 'the JSON' : `--${other}`} out`,
      );
    }
    const { attempt, was } = await byId(flags, id);
    return { attempt: attemptFromJson(attempt), where, was };
  }
  if (flags.json !== undefined && flags.json !== '') return { attempt: readAttempt(flags.json), where };
  const made = attemptFromConditions(conditions, completeAccounts(readLocalAccounts(), [], [conditions]));
  if (!made.ok) throw new Ending(exits.usage, made.error);
  return { attempt: made.value, where };
}
