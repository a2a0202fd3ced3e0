// "What did you just block?": refusals that nobody has just asked for, told together, at most once a minute.
import type { LogLine } from '#model/api.ts';
import { type Note, plain } from './note.ts';

const everyMs = 60_000;
/** The same app and destination are not told of again for so long. */
const silentMs = 10 * 60_000;
/** Pairs of app and destination that are remembered. */
const maxKnown = 2000;
const maxShown = 4;

export class RefusalNotes {
  readonly #waiting = new Map<string, { readonly app: string; readonly to: string; times: number }>();
  readonly #told = new Map<string, number>();
  #next = 0;
  #number = 0;
  #shown: readonly [string, Note] | undefined;

  /** What a person answered or a rule says is no news, unless the rule wants it logged. */
  add(lines: readonly LogLine[], now: number): void {
    for (const { action, enforced, reason, logged, app, attempt, end } of lines) {
      if (!enforced || (action !== 'reject' && action !== 'drop') || end !== undefined) continue;
      if (reason === 'answer' || reason === 'shutdown' || (reason === 'rule' && logged.length === 0)) continue;
      const { flow, names = [] } = attempt;
      const to = names[0]?.name ?? flow.remote.address;
      const key = `${app}\n${to}`;
      if ((this.#told.get(key) ?? -silentMs) > now - silentMs) continue;
      const known = this.#waiting.get(key) ?? { app, to, times: 0 };
      known.times += 1;
      if (this.#waiting.size < maxKnown) this.#waiting.set(key, known);
    }
  }

  /** The one that stands now, if any. */
  plan(now: number): ReadonlyMap<string, Note> {
    if (now >= this.#next) {
      this.#shown = undefined;
      if (this.#waiting.size > 0) {
        this.#number += 1;
        this.#next = now + everyMs;
        this.#shown = [`refused ${this.#number}`, noteOf([...this.#waiting.values()])];
        for (const key of this.#waiting.keys()) {
          this.#told.delete(key);
          this.#told.set(key, now);
        }
        for (const key of this.#told.keys()) if (this.#told.size > maxKnown) this.#told.delete(key);
        this.#waiting.clear();
      }
    }
    return new Map(this.#shown === undefined ? [] : [this.#shown]);
  }
}

function noteOf(refusals: readonly { readonly app: string; readonly to: string; readonly times: number }[]): Note {
  const apps = [...new Set(refusals.map(({ app }) => app))];
  const connections = refusals.reduce((sum, { times }) => sum + times, 0);
  const what = connections === 1 ? 'a connection' : `${connections} connections`;
  const whose = apps.length === 1 ? plain(apps[0] ?? '', 60) : `${apps.length} programs`;
  const lines = refusals
    .slice(0, maxShown)
    .map(({ app, to, times }) => `${plain(app, 40)} → ${plain(to, 80)}${times > 1 ? `, ${times} times` : ''}`);
  const others = refusals.length > maxShown ? [`and ${refusals.length - maxShown} more`] : [];
  const open = { type: 'open', view: '/refused' } as const;
  return {
    title: `Postern refused ${what} of ${whose}`,
    body: [...lines, ...others].join('\n'),
    instead: 'See why with: postern log --verdict reject',
    urgency: 'low',
    actions: [
      { key: 'open', label: 'What was refused', deed: open },
      { key: 'default', label: 'What was refused', deed: open },
    ],
  };
}
