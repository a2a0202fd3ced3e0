// postern undo
import { buildCommand, numberParser } from '@stricli/core';
import type { Undone } from '#model/api.ts';
import { ask, type Context, mustHold } from '../context.ts';
import { type ClientFlags, clientFlags } from '../flags.ts';
import { safe, write, writeJson } from '../output.ts';

export const undoCommand = buildCommand<ClientFlags, [number?], Context>({
  docs: {
    brief: 'Take back the last change of rules',
    fullDescription:
      'Put back the rules as they were before the last change, or before the given one. An undo is a change too: undo it to get it back.\n\nExamples:\n  postern undo\n  postern undo 12\n',
  },
  parameters: {
    flags: clientFlags,
    positional: {
      kind: 'tuple',
      parameters: [
        {
          parse: numberParser,
          brief: 'Number of the change, see postern history',
          optional: true,
          placeholder: 'VERSION',
        },
      ],
    },
  },
  async func(flags, version) {
    const done = await ask<Undone>(flags, 'POST', '/undo', version === undefined ? {} : { version });
    if (flags.json) writeJson(done);
    else write(`Undone: ${safe(done.undone.what)} (change ${done.undone.id} by ${safe(done.undone.user)}).`);
    mustHold(done);
  },
});
