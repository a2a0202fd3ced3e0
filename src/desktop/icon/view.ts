// What the status icon shows: a picture by the mode, attention while questions wait, a tooltip in words, and the menu.
import type { Watched } from '#client/watch.ts';
import type { Mode } from '#model/mode.ts';
import type { Deed } from '../note.ts';

/** `away`: Postern is not reached. */
export type Gate = 'away' | 'open' | 'asking' | 'closed';

export interface MenuEntry {
  readonly label: string;
  /** undefined: only to be read. */
  readonly deed?: Deed;
  /** One of several of which one holds. */
  readonly chosen?: boolean;
}

export interface IconView {
  readonly gate: Gate;
  readonly attention: boolean;
  readonly title: string;
  readonly tooltip: string;
  /** null: a line between. */
  readonly menu: readonly (MenuEntry | null)[];
}

const gates: Readonly<Record<Mode, Gate>> = {
  off: 'open',
  observe: 'open',
  allow: 'asking',
  ask: 'asking',
  lockdown: 'closed',
};

const modeTexts: Readonly<Record<Mode, string>> = {
  off: 'Nothing is attached',
  observe: 'Observes: everything passes',
  allow: 'Enforces the rules, allows the rest',
  ask: 'Asks about what no rule decides',
  lockdown: 'Lockdown: only what rules allow',
};

/** What the menu offers; `allow` and `off` are shown only while they are. */
const offered: readonly (readonly [Mode, string])[] = [
  ['observe', 'Observe'],
  ['allow', 'Allow the rest'],
  ['ask', 'Ask'],
  ['lockdown', 'Lockdown'],
];

const lockdownSeconds = 60;
const two = (value: number) => String(value).padStart(2, '0');
const clock = (time: number) => `${two(new Date(time).getHours())}:${two(new Date(time).getMinutes())}`;

/** `administrator`: whether this user may change the mode. */
export function iconView({ link, problem, status, told }: Watched, administrator: boolean): IconView {
  const questions = told.prompts.size;
  const quit: MenuEntry = { label: 'Quit this icon', deed: { type: 'quit' } };
  if (link !== 'live' || status === undefined) {
    const why =
      problem === undefined ? 'Connecting …' : problem.kind === 'not-permitted' ? 'Not permitted' : 'Not running';
    return {
      gate: 'away',
      attention: false,
      title: 'Postern',
      tooltip: why,
      menu: [{ label: `Postern: ${why}` }, null, quit],
    };
  }
  const { mode, pausedUntil, revertsAt, revertsTo, gate } = status;
  const asked =
    questions === 0 ? 'No question waits' : questions === 1 ? '1 question waits' : `${questions} questions wait`;
  const state =
    pausedUntil !== null
      ? `Paused until ${clock(pausedUntil)}: everything passes`
      : revertsAt !== null
        ? `${modeTexts[mode]}, until ${clock(revertsAt)} unless kept; then ${revertsTo}`
        : modeTexts[mode];
  const away = gate === null ? ['The gate is away: the kernel holds what it knows'] : [];
  const choices = offered
    .filter(([name]) => name !== 'allow' || mode === 'allow')
    .map(([name, label]): MenuEntry => {
      const request = name === 'lockdown' ? { mode: name, revertSeconds: lockdownSeconds } : { mode: name };
      const chosen = mode === name && pausedUntil === null;
      return { label, chosen, ...(administrator && { deed: { type: 'mode', request } }) };
    });
  const pause: MenuEntry =
    pausedUntil === null
      ? { label: 'Pause 10 minutes', ...(administrator && { deed: { type: 'mode', request: { pauseMinutes: 10 } } }) }
      : { label: 'End the pause', ...(administrator && { deed: { type: 'mode', request: { confirm: true } } }) };
  return {
    gate: gates[mode],
    attention: questions > 0,
    title: 'Postern',
    tooltip: [state, asked, ...away].join('\n'),
    menu: [
      { label: asked, ...(questions > 0 && { deed: { type: 'open', view: '/ask' } }) },
      { label: 'Open the pages', deed: { type: 'open', view: '/' } },
      { label: 'What was refused', deed: { type: 'open', view: '/refused' } },
      null,
      ...choices,
      pause,
      null,
      quit,
    ],
  };
}
