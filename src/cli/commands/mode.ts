// postern mode, postern pause
import { buildCommand } from '@stricli/core';
import type { ModePreview, Status } from '#model/api.ts';
import { modes } from '#model/mode.ts';
import { ask, type Context, Ending, exits } from '../context.ts';
import { type ClientFlags, clientFlags } from '../flags.ts';
import { formatTime, paint, safe, write, writeJson } from '../output.ts';
import { readAnswer } from '../question.ts';

interface Flags extends ClientFlags {
  readonly now: boolean;
  readonly confirm: boolean;
}

const revertSeconds = 60;

function printPreview(preview: ModePreview): void {
  if (preview.total === 0) write('Lockdown would have refused nothing of the last 7 days.');
  else write(`Lockdown would have refused ${preview.total} connections of the last 7 days:`);
  for (const { app, destination, direction, times } of preview.groups.slice(0, 15)) {
    write(`  ${String(times).padStart(6)} × ${safe(app)} ${direction === 'in' ? 'from' : 'to'} ${safe(destination)}`);
  }
  if (preview.groups.length > 15) write(`  and ${preview.groups.length - 15} more kinds`);
  const here = process.env.SSH_CONNECTION;
  if (preview.ssh > 0) write(paint('red', `  among them ${preview.ssh} connections by SSH to this machine`));
  if (here !== undefined) {
    write(
      paint(
        'yellow',
        `You sit in an SSH session from ${safe(here.split(' ')[0] ?? '')}: it must be allowed by a rule, or you lose it.`,
      ),
    );
  }
}

function done(flags: ClientFlags, status: Status): void {
  if (flags.json) writeJson(status);
  else if (status.pausedUntil !== null)
    write(`Paused until ${formatTime(status.pausedUntil)}: rules are judged and recorded, nothing is enforced.`);
  else write(`The mode is ${paint('bold', status.mode)}.`);
}

async function lockdown(flags: Flags): Promise<void> {
  printPreview(await ask<ModePreview>(flags, 'GET', '/mode/lockdown'));
  const status = await ask<Status>(flags, 'PUT', '/mode', { mode: 'lockdown', revertSeconds });
  write(`Lockdown holds now, and goes back to ${status.revertsTo} in ${revertSeconds} seconds unless you confirm.`);
  const answer = await readAnswer('Keep it? [y/N] ', revertSeconds * 1000);
  if (answer?.toLowerCase().startsWith('y') === true) {
    done(flags, await ask<Status>(flags, 'PUT', '/mode', { confirm: true }));
    return;
  }
  if (answer === undefined) {
    write('Nobody confirmed. Confirm in time with: postern mode lockdown --confirm');
    throw new Ending(exits.no);
  }
  done(flags, await ask<Status>(flags, 'PUT', '/mode', { mode: status.revertsTo ?? 'observe' }));
}

export const modeCommand = buildCommand<Flags, [(typeof modes)[number]?], Context>({
  docs: {
    brief: 'Show or change the mode',
    fullDescription:
      'Show or change the mode: off (nothing attached), observe (judged and recorded, nothing enforced), allow (rules enforced, the rest allowed), ask (the rest asked), lockdown (the rest refused).\n' +
      'lockdown first says what of the last 7 days it would refuse, and goes back after 60 seconds unless confirmed.\n\nExamples:\n  postern mode\n  postern mode ask\n  postern mode lockdown --now        for scripts: no question\n  postern mode lockdown --confirm    keep it\n',
  },
  parameters: {
    flags: {
      ...clientFlags,
      now: { kind: 'boolean', brief: 'Without a question', default: false, withNegated: false },
      confirm: { kind: 'boolean', brief: 'Keep the mode that would go back', default: false, withNegated: false },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          parse: (text: string) => {
            const mode = modes.find((candidate) => candidate === text);
            if (mode === undefined) throw new Error(`there is no mode "${text}"; choose ${modes.join(', ')}`);
            return mode;
          },
          brief: modes.join(', '),
          optional: true,
          placeholder: 'MODE',
        },
      ],
    },
  },
  async func(flags, mode) {
    if (flags.confirm) done(flags, await ask<Status>(flags, 'PUT', '/mode', { confirm: true }));
    else if (mode === undefined) done(flags, await ask<Status>(flags, 'GET', '/status'));
    else if (mode === 'lockdown' && !flags.now) await lockdown(flags);
    else done(flags, await ask<Status>(flags, 'PUT', '/mode', { mode }));
  },
});

export const pauseCommand = buildCommand<ClientFlags, [number], Context>({
  docs: {
    brief: 'Observe for a while, then go back',
    fullDescription:
      'Observe for a while, then go back to the mode. End it early with: postern mode MODE\n\nExample:\n  postern pause 10m\n',
  },
  parameters: {
    flags: clientFlags,
    positional: {
      kind: 'tuple',
      parameters: [
        {
          parse: (text: string) => {
            const minutes = Number(/^(\d{1,4})m?$/.exec(text)?.[1]);
            if (!(minutes >= 1 && minutes <= 1440))
              throw new Error(`"${text}" is no time; write minutes from 1m to 1440m`);
            return minutes;
          },
          brief: 'Minutes, such as 10m',
          placeholder: 'TIME',
        },
      ],
    },
  },
  async func(flags, pauseMinutes) {
    done(flags, await ask<Status>(flags, 'PUT', '/mode', { pauseMinutes }));
  },
});
