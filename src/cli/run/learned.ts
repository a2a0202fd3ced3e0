// What a command did, as a file of rules for --policy.
import type { RunReport } from '#model/run/run.ts';
import { proposalsFile } from '../learn/format.ts';
import { safe } from '../output.ts';

export function proposedFile({ command, proposals }: Pick<RunReport, 'command' | 'proposals'>): string {
  const what = safe(command.join(' ')).slice(0, 200);
  const head = ` What this did: ${what}\n Look at it, change what you like, then: postern run --policy FILE -- COMMAND`;
  return proposalsFile(proposals, head, ({ place, times, evidence }) => {
    const how = evidence === null ? 'by its address' : `known by ${evidence}`;
    return `${safe(place)}  ${times === 1 ? 'once' : `${times} times`}, ${how}`;
  });
}
