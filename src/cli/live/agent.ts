// postern agent, which is also installed as postern-agent
import { buildCommand } from '@stricli/core';
import { lifetimeSchema } from '#model/rule.ts';
import { type Context, Ending, runtimeDirOf } from '../context.ts';
import { runtimeDirFlag } from '../flags.ts';

interface Flags {
  readonly runtimeDir?: string;
  readonly for: string;
  readonly refusals: boolean;
  readonly icon: boolean;
}

export const agentCommand = buildCommand<Flags, [], Context>({
  docs: {
    brief: 'Show questions on this desktop, with a status icon',
    fullDescription:
      'Show each question as a notification of this desktop, with buttons, and a status icon with the mode. One for each user who sits at a desktop; not for root. ' +
      'postern-agent is the same, for systemd and autostart. A question that is answered elsewhere closes here too.\n\nExamples:\n' +
      '  postern agent\n  postern agent --for exit --no-refusals\n',
  },
  parameters: {
    flags: {
      runtimeDir: runtimeDirFlag,
      for: {
        kind: 'parsed',
        parse: (text: string) => {
          const parsed = lifetimeSchema.safeParse(text);
          if (!parsed.success) throw new Error(`"${text}" must be once, exit, boot, always or minutes such as 15m`);
          return parsed.data;
        },
        brief: 'How long the answers of the buttons hold: once, exit, 15m (default), boot, always',
        default: '15m',
        placeholder: 'TIME',
      },
      refusals: {
        kind: 'boolean',
        brief: 'Tell of what was refused without a question, at most once a minute',
        default: true,
      },
      icon: { kind: 'boolean', brief: 'Show a status icon', default: true },
    },
  },
  async func(flags) {
    const code = await this.injected.agent({
      runtimeDir: runtimeDirOf(flags),
      lifetime: flags.for,
      refusals: flags.refusals,
      icon: flags.icon,
    });
    if (code !== 0) throw new Ending(code);
  },
});
