// What a client that listens knows from events: the open questions, those just closed, notices, and what must be asked for anew.
import type { EventView, LogLine, PromptView, VersionView } from '#model/api.ts';
import type { PromptOutcome } from '#model/prompt.ts';

export interface ClosedPrompt {
  readonly prompt: PromptView;
  /** Both undefined where it closed while nobody listened, and nothing was told of it since. */
  readonly outcome: PromptOutcome | undefined;
  readonly action: 'allow' | 'reject' | 'drop' | undefined;
  readonly time: number;
  /** Who answered, where a rule was made of it; undefined: nobody said. */
  readonly by: string | undefined;
}

export interface Notice {
  readonly sequence: number;
  readonly time: number;
  readonly level: 'info' | 'warning' | 'error';
  readonly text: string;
}

export interface Told {
  readonly prompts: ReadonlyMap<string, PromptView>;
  /** The newest first. */
  readonly closed: readonly ClosedPrompt[];
  readonly notices: readonly Notice[];
  /** How often rules, and status, were said to have changed: whoever shows them asks again. */
  readonly rulesChanged: number;
  readonly statusChanged: number;
  /** Of the network that the machine is on, or of what was said of one. */
  readonly networkChanged: number;
  /** Events that the server left out because this page read too slowly or was away for too long. */
  readonly leftOut: number;
  /** Moments for the marks on the chart. */
  readonly marks: readonly { readonly time: number; readonly text: string }[];
  /** The answers seen in changes of rules, by the question: who gave them. */
  readonly answeredBy: ReadonlyMap<string, string>;
}

export const nothingTold: Told = {
  prompts: new Map(),
  closed: [],
  notices: [],
  rulesChanged: 0,
  statusChanged: 0,
  networkChanged: 0,
  leftOut: 0,
  marks: [],
  answeredBy: new Map(),
};

const maxClosed = 12;
const maxNotices = 50;
const maxMarks = 100;

/** Of a batch of events, all but the connections, which are kept apart. */
export function foldEvents(told: Told, events: readonly EventView[]): Told {
  return events.reduce(foldEvent, told);
}

function foldEvent(told: Told, { type, data, time, sequence }: EventView): Told {
  switch (type) {
    case 'prompt-opened':
    case 'prompt-changed': {
      const prompt = data as PromptView;
      if (told.closed.some((closed) => closed.prompt.id === prompt.id)) return told;
      return { ...told, prompts: new Map(told.prompts).set(prompt.id, prompt) };
    }
    case 'prompt-closed': {
      const {
        id,
        outcome,
        action,
        time: ended,
        by,
      } = data as Omit<ClosedPrompt, 'prompt' | 'by'> & {
        id: string;
        by?: string;
      };
      const missed = told.closed.find((one) => one.prompt.id === id && one.outcome === undefined);
      const prompt = told.prompts.get(id) ?? missed?.prompt;
      if (prompt === undefined) return told;
      const prompts = new Map(told.prompts);
      prompts.delete(id);
      const closed = { prompt, outcome, action, time: ended, by: by ?? told.answeredBy.get(id) };
      const others = told.closed.filter((one) => one !== missed);
      return { ...told, prompts, closed: [closed, ...others].slice(0, maxClosed) };
    }
    case 'rules-changed': {
      const { user, what } = data as VersionView;
      const changed = withAnswer(told, user, what);
      return {
        ...changed,
        rulesChanged: told.rulesChanged + 1,
        statusChanged: told.statusChanged + 1,
        networkChanged: told.networkChanged + 1,
        marks: [...told.marks, { time, text: `${user} ${what}` }].slice(-maxMarks),
      };
    }
    case 'mode-changed': {
      const { now, by } = data as { now: string; by: string };
      const marks = [...told.marks, { time, text: `${by} set the mode: ${now}` }].slice(-maxMarks);
      return { ...told, statusChanged: told.statusChanged + 1, marks };
    }
    case 'network-changed': {
      const { network, profile, connected } = data as {
        network: string | null;
        profile: string | null;
        connected: unknown;
      };
      const now = network ?? (connected === null ? 'none' : 'not recognised');
      const text = `network: ${now}${profile === null ? '' : ` (${profile})`}`;
      const marks = [...told.marks, { time, text }].slice(-maxMarks);
      return { ...told, networkChanged: told.networkChanged + 1, marks };
    }
    case 'notice': {
      const { level, text } = data as { level: Notice['level']; text: string };
      if (told.notices.some((notice) => notice.sequence === sequence)) return told;
      const notices = [{ sequence, time, level, text }, ...told.notices].slice(0, maxNotices);
      const marks = level === 'info' ? told.marks : [...told.marks, { time, text }].slice(-maxMarks);
      return { ...told, notices, marks, statusChanged: told.statusChanged + 1 };
    }
    case 'settings-changed':
      return { ...told, statusChanged: told.statusChanged + 1 };
    case 'policy-applied':
    case 'rules-broken':
      return { ...told, rulesChanged: told.rulesChanged + 1, statusChanged: told.statusChanged + 1 };
    case 'left-out':
      return { ...told, leftOut: told.leftOut + (data as { events: number }).events };
    default:
      return told;
  }
}

/** A rule of an answer has the question in its name: `answered a question with rule "… @ID"`. */
function withAnswer(told: Told, user: string, what: string): Told {
  const id = /^answered .*@([0-9a-z]+-[0-9]+)"$/.exec(what)?.[1];
  if (id === undefined) return told;
  const closed = told.closed.map((one) => (one.prompt.id === id ? { ...one, by: user } : one));
  const answeredBy = new Map([...told.answeredBy, [id, user] as const].slice(-100));
  return { ...told, closed, answeredBy };
}

/** The open questions as they were just asked for: what opened while nobody listened is there, what closed is closed. */
export function withPrompts(told: Told, prompts: readonly PromptView[], now: number): Told {
  const open = new Map(prompts.map((prompt) => [prompt.id, prompt]));
  const missed = [...told.prompts.values()]
    .filter(({ id }) => !open.has(id))
    .map((prompt) => ({
      prompt,
      outcome: undefined,
      action: undefined,
      time: now,
      by: told.answeredBy.get(prompt.id),
    }));
  return { ...told, prompts: open, closed: [...missed, ...told.closed].slice(0, maxClosed) };
}

export const connectionsOf = (events: readonly EventView[]): LogLine[] =>
  events.filter(({ type }) => type === 'connection').map(({ data }) => data as LogLine);
