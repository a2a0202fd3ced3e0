// postern ask, prompts, answer
import { buildCommand } from '@stricli/core';
import type { Answered, PromptView } from '#model/api.ts';
import { type Answer, whoScopes } from '#model/prompt.ts';
import { lifetimeSchema } from '#model/rule.ts';
import { destinationName } from '#model/sentence.ts';
import { listsHaving } from '#policy/index.ts';
import { askQuestions } from '../asking.ts';
import { ask, type Context, clientOf, Ending, exits, mayChangeRules, mustHold } from '../context.ts';
import { type ClientFlags, clientFlags } from '../flags.ts';
import { safe, table, write, writeJson } from '../output.ts';

export const promptsCommand = buildCommand<ClientFlags, [], Context>({
  docs: {
    brief: 'Show the open questions',
    fullDescription:
      'Show the open questions, the oldest first.\n\nExamples:\n  postern prompts\n  postern prompts --json\n',
  },
  parameters: { flags: clientFlags },
  async func(flags) {
    const prompts = await ask<PromptView[]>(flags, 'GET', '/prompts');
    if (flags.json) {
      writeJson(prompts);
      return;
    }
    if (prompts.length === 0) write('There is no open question.');
    else {
      // The column of lists is there only where one has something of it.
      const listed = prompts.some(({ lists }) => lists.length > 0);
      const rows = prompts.map((prompt) => [
        prompt.id,
        safe(prompt.app),
        safe(prompt.user ?? ''),
        destinationName(prompt.attempt),
        ...(listed ? [listsHaving(prompt.lists).map(safe).join(', ')] : []),
        `${Math.max(0, Math.round((prompt.deadline - Date.now()) / 1000))} s`,
        String(prompt.flows),
      ]);
      write(table(['ID', 'APP', 'USER', 'DESTINATION', ...(listed ? ['LISTS'] : []), 'LEFT', 'FLOWS'], rows));
    }
  },
});

interface AnswerFlags extends ClientFlags {
  readonly scope: readonly string[];
  readonly name?: string;
  readonly list?: string;
  readonly for: string;
}

const placeWords = {
  name: 'name',
  domain: 'domain',
  list: 'list',
  destination: 'destination',
  'any-destination': 'any',
} as const;
const scopeWords = [
  ...whoScopes,
  ...(Object.keys(placeWords) as (keyof typeof placeWords)[]),
  ...(['port', 'any-port', 'user', 'any-user'] as const),
];

function scopeOf({ scope, name, list }: Pick<AnswerFlags, 'scope' | 'name' | 'list'>): Answer['scope'] {
  const words = list === undefined ? scope : [...scope, 'list'];
  const has = (word: (typeof scopeWords)[number]) => words.includes(word);
  const places = scopeWords.filter((word): word is keyof typeof placeWords => word in placeWords && has(word));
  if (places.length > 1)
    throw new Ending(exits.usage, `"${places.join('" and "')}" are two places; choose one of them`);
  const [place] = places;
  return {
    who: whoScopes.find((who) => words.includes(who)) ?? 'app',
    ...(place !== undefined && { to: placeWords[place] }),
    ...(name !== undefined && { name }),
    ...(list !== undefined && { list }),
    port: has('any-port') ? 'any' : 'port',
    user: has('any-user') ? 'any' : 'user',
  };
}

export const answerCommand = buildCommand<AnswerFlags, [string, Answer['action']], Context>({
  docs: {
    brief: 'Answer a question',
    fullDescription:
      'Answer a question by its id. A lifetime other than once makes a rule.\n' +
      `Scope words: ${scopeWords.join(' ')} (default: app port user, and the name where one is known, else destination: the address).\n` +
      'What the question holds under other names stays asked.\n\nExamples:\n' +
      '  postern answer m3x-7 allow\n' +
      '  postern answer m3x-7 allow --scope domain --for always\n' +
      '  postern answer m3x-7 allow --name site.example --for 15m\n' +
      '  postern answer m3x-7 reject --scope list --for always\n' +
      '  postern answer m3x-7 allow --for here\n' +
      '  postern answer m3x-7 reject --scope app --scope any-destination --for always\n',
  },
  parameters: {
    flags: {
      ...clientFlags,
      scope: {
        kind: 'parsed',
        parse: (text: string) => {
          const word = scopeWords.find((candidate) => candidate === text);
          if (word === undefined) throw new Error(`there is no scope "${text}"; choose from ${scopeWords.join(', ')}`);
          return word;
        },
        brief: 'What the answer is for; several may be given, also with commas',
        variadic: ',',
        default: [],
        placeholder: 'SCOPE',
      },
      name: {
        kind: 'parsed',
        parse: String,
        brief: 'Which of the names, where there are several; by default the newest',
        optional: true,
        placeholder: 'NAME',
      },
      list: {
        kind: 'parsed',
        parse: String,
        brief: 'Which of the lists that have it, where there are several; stands for --scope list',
        optional: true,
        placeholder: 'NAME',
      },
      for: {
        kind: 'parsed',
        parse: (text: string) => {
          const parsed = lifetimeSchema.safeParse(text);
          if (!parsed.success)
            throw new Error(`"${text}" must be once, exit, boot, always, here or minutes such as 15m`);
          return parsed.data;
        },
        brief: 'once (default: no rule), exit, 15m, boot, always, here: on this network only',
        default: 'once',
        placeholder: 'TIME',
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { parse: String, brief: 'Id of the question', placeholder: 'ID' },
        {
          parse: (text: string): Answer['action'] => {
            if (text === 'allow' || text === 'reject' || text === 'drop') return text;
            throw new Error(`"${text}" is no answer; choose allow, reject or drop`);
          },
          brief: 'allow, reject or drop',
          placeholder: 'ANSWER',
        },
      ],
    },
  },
  async func(flags, id, action) {
    const answer = { action, scope: scopeOf(flags), lifetime: flags.for };
    const done = await ask<Answered>(flags, 'POST', `/prompts/${encodeURIComponent(id)}/answer`, answer);
    if (flags.json) writeJson(done);
    else if (done.rules.length === 0) {
      write(`Answered${done.name === null ? '' : ` for ${safe(done.name)}`}; no rule was made.`);
    } else {
      const { formatRule } = await import('#policy/index.ts');
      for (const rule of done.rules)
        write(
          `Answered, with a rule for ${flags.for === 'here' ? 'this network' : flags.for}: ${safe(formatRule(rule))}`,
        );
      if (mayChangeRules()) write('Take it back with: postern undo');
    }
    if (!flags.json && done.otherNames.length > 0) {
      write(`It is also called ${done.otherNames.map(safe).join(', ')}: for that, answer with --name.`);
    }
    mustHold(done);
  },
});

export const askCommand = buildCommand<ClientFlags, [], Context>({
  docs: {
    brief: 'Answer questions in this terminal as they come',
    fullDescription:
      'Show each question with its whole story and ask for the answer, until Ctrl-C.\nQuestions that others answer close here too.\n\nExample:\n  postern ask\n',
  },
  parameters: { flags: { runtimeDir: clientFlags.runtimeDir, json: clientFlags.json } },
  async func(flags) {
    await askQuestions(clientOf(flags));
  },
});
