// postern top
import { buildCommand } from '@stricli/core';
import { type Context, Ending, runtimeDirOf } from '../context.ts';
import { type ClientFlags, clientFlags } from '../flags.ts';

interface Flags extends ClientFlags {
  readonly once: boolean;
}

export const topCommand = buildCommand<Flags, [], Context>({
  docs: {
    brief: 'Watch connections and answer questions, live in this terminal',
    fullDescription:
      'Watch who talks to whom, live in the whole terminal, and answer questions there. ? shows the keys, q leaves.\n\nExamples:\n  postern top\n  postern top --once\n  postern top --json | jq .rates\n',
  },
  parameters: {
    flags: {
      ...clientFlags,
      once: { kind: 'boolean', brief: 'Print one picture and end', default: false, withNegated: false },
    },
  },
  async func(flags) {
    const code = await this.injected.top({ runtimeDir: runtimeDirOf(flags), json: flags.json, once: flags.once });
    if (code !== 0) throw new Ending(code);
  },
});
