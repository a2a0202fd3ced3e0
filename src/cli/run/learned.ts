// What a command did, as a file of rules for --policy.
import { Document } from 'yaml';
import type { RunReport } from '#model/run/run.ts';
import { safe } from '../output.ts';

export function proposedFile({ command, proposals }: Pick<RunReport, 'command' | 'proposals'>): string {
  const document = new Document({ rules: proposals.map(({ rule }) => rule) });
  document.commentBefore = ` What this did: ${safe(command.join(' ')).slice(0, 200)}\n Look at it, change what you like, then: postern run --policy FILE -- COMMAND`;
  proposals.forEach(({ places }, at) => {
    const item = document.getIn(['rules', at], true) as { commentBefore?: string };
    const lines = places.map(({ place, times, evidence }) => {
      const how = evidence === null ? 'by its address' : `known by ${evidence}`;
      return ` ${safe(place)}  ${times === 1 ? 'once' : `${times} times`}, ${how}`;
    });
    item.commentBefore = lines.join('\n');
  });
  return document.toString({ lineWidth: 120 });
}
