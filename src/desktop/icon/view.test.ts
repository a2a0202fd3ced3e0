// The status icon: what it shows of each state, its menu, and its picture.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nothingTold } from '#client/live/fold.ts';
import type { Watched } from '#client/watch.ts';
import type { Status } from '#model/api.ts';
import { byId, question } from '../questions.testing.ts';
import { IconMenu } from './menu.ts';
import { drawIcon } from './picture.ts';
import { iconView } from './view.ts';

const status = (change: Partial<Status> = {}) =>
  ({ mode: 'ask', pausedUntil: null, revertsAt: null, revertsTo: null, gate: {}, ...change }) as Status;
const live = (change: Partial<Status> = {}): Watched => ({
  ...{ link: 'live', problem: undefined, told: nothingTold },
  status: status(change),
});
const labels = (watched: Watched, administrator = true) =>
  iconView(watched, administrator).menu.map((entry) =>
    entry === null
      ? '-'
      : `${entry.chosen === true ? '• ' : ''}${entry.label}${entry.deed === undefined ? ' (off)' : ''}`,
  );

test('the menu has what waits, the pages, the mode and the pause', () => {
  assert.deepEqual(labels(live()), [
    ...['No question waits (off)', 'Open the pages', 'What was refused', '-'],
    ...['Observe', '• Ask', 'Lockdown', 'Pause 10 minutes', '-', 'Quit this icon'],
  ]);
  const asked = { ...live(), told: { ...nothingTold, prompts: byId(question('q-1'), question('q-2')) } };
  assert.equal(labels(asked)[0], '2 questions wait');
  assert.equal(iconView(asked, true).attention, true);
});

test('who may not change the mode sees it and cannot choose', () => {
  assert.deepEqual(labels(live(), false).slice(4, 8), [
    'Observe (off)',
    '• Ask (off)',
    'Lockdown (off)',
    'Pause 10 minutes (off)',
  ]);
});

test('lockdown from the menu goes back by itself; a pause can be ended', () => {
  const lockdown = iconView(live(), true).menu.find((entry) => entry?.label === 'Lockdown');
  assert.deepEqual(lockdown?.deed, { type: 'mode', request: { mode: 'lockdown', revertSeconds: 60 } });
  const paused = iconView(live({ mode: 'observe', pausedUntil: 1_000_000 }), true);
  assert.match(paused.tooltip, /^Paused until \d\d:\d\d: everything passes\nNo question waits$/);
  assert.ok(paused.menu.some((entry) => entry?.label === 'End the pause'));
  assert.ok(!paused.menu.some((entry) => entry?.chosen === true), 'what holds for a while is not the mode');
});

test('each state has its gate, and one that is away says why', () => {
  const gates = (['observe', 'ask', 'lockdown'] as const).map((mode) => iconView(live({ mode }), true).gate);
  assert.deepEqual(gates, ['open', 'asking', 'closed']);
  const problem = { kind: 'no-daemon', message: '' } as const;
  const away = iconView({ ...live(), link: 'away', problem }, true);
  assert.deepEqual([away.gate, away.tooltip], ['away', 'Not running']);
  assert.match(iconView(live({ gate: null }), true).tooltip, /gate is away/);
});

test('each picture differs, sees through at its corners, and has a dot for attention', () => {
  const pictures = (['away', 'open', 'asking', 'closed'] as const).flatMap((gate) =>
    [false, true].map((attention) => drawIcon(22, gate, attention)),
  );
  assert.equal(new Set(pictures.map(([, , pixels]) => pixels.toString('hex'))).size, 8);
  for (const [width, height, pixels] of pictures) {
    assert.deepEqual([width, height, pixels.length], [22, 22, 22 * 22 * 4]);
    // The pixel in the corner, and one in the middle.
    assert.equal(pixels[21 * 22 * 4], 0);
    assert.equal(pixels[(11 * 22 + 11) * 4], 255);
  }
  const [, , lit] = drawIcon(22, 'asking', true);
  assert.deepEqual([...lit.subarray((4 * 22 + 17) * 4, (4 * 22 + 17) * 4 + 4)], [255, 255, 184, 28]);
});

test('a click on an entry does what was read, also when the menu has changed since', () => {
  const did: unknown[] = [];
  const menu = new IconMenu((deed) => did.push(deed));
  menu.show(iconView(live(), true).menu);
  const [revision, [, , children]] = menu.GetLayout(0, -1, []);
  const idOf = (label: string) =>
    children
      .map(({ value }) => value as [number, Record<string, { value: unknown }>])
      .find(([, properties]) => properties.label?.value === label)?.[0] ?? -1;
  const pages = idOf('Open the pages');
  const pause = idOf('Pause 10 minutes');
  menu.show(iconView(live({ mode: 'observe', pausedUntil: 5 }), true).menu);
  assert.ok(menu.GetLayout(0, -1, [])[0] > revision);
  menu.Event(pages, 'clicked', null, 0);
  menu.Event(pause, 'clicked', null, 0);
  menu.Event(pages, 'hovered', null, 0);
  assert.deepEqual(did, [{ type: 'open', view: '/' }], 'an entry that has gone does nothing');
  assert.equal(menu.GetGroupProperties([pages], [])[0]?.[1].label?.value, 'Open the pages');
  assert.throws(() => menu.GetProperty(999, 'label'), /no such item/);
});

test('an underscore in a label is no key', () => {
  const menu = new IconMenu(() => {});
  menu.show([{ label: 'a_b', deed: { type: 'quit' } }]);
  assert.equal(menu.GetGroupProperties([], [])[0]?.[1].label?.value, 'a__b');
});
