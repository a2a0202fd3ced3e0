// How a question ended, in words.
import { escapeText } from '#std/text.ts';
import type { ClosedPrompt } from '../live/fold.ts';

export function closingText({ outcome, by }: Pick<ClosedPrompt, 'outcome' | 'by'>, mine: boolean): string {
  switch (outcome) {
    case undefined:
      return 'closed while the link was away';
    case 'answered':
      if (mine) return 'you answered here';
      return by === undefined ? 'answered elsewhere' : `answered elsewhere, by ${escapeText(by)}`;
    case 'deadline':
      return 'nobody answered in time';
    case 'policy':
      if (mine) return 'you answered here';
      return by === undefined ? 'a new rule decides it' : `answered elsewhere, by ${escapeText(by)}`;
    case 'mode':
      return 'the mode was changed';
    case 'gone':
      return 'the program has gone';
  }
}
