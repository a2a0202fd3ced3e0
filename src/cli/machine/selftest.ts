// postern self-test
import { buildCommand } from '@stricli/core';
import type { SelfTestView } from '#model/shown/selftest.ts';
import { ask, type Context, Ending, exits } from '../context.ts';
import { type ClientFlags, clientFlags } from '../flags.ts';
import { formatTime, paint, safe, write, writeJson } from '../output.ts';

export function selfTestLine({ result, text, time }: SelfTestView): string {
  const style = result === 'held' ? 'green' : result === 'failed' ? 'red' : 'yellow';
  return `${paint(style, safe(text))} (${formatTime(time)})`;
}

export const selfTestCommand = buildCommand<ClientFlags, [], Context>({
  docs: {
    brief: 'Try whether what is refused fails, and what is allowed passes',
    fullDescription:
      'Try a connection that a built-in rule refuses, and one that a rule allows, both from Postern to itself over loopback. Exit code 1: it did not go\n' +
      'as the rules say, or nothing could be tried, since the mode enforces nothing or another rule decides.\n\nExample:\n  postern self-test\n',
  },
  parameters: { flags: clientFlags },
  async func(flags) {
    const tested = await ask<SelfTestView>(flags, 'POST', '/self-test');
    if (flags.json) writeJson(tested);
    else write(selfTestLine(tested));
    if (tested.result !== 'held') throw new Ending(exits.no);
  },
});
