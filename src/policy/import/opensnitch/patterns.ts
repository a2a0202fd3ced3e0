// Texts that OpenSnitch compares as they are, paths, arguments, interfaces, as patterns of rules.
import { fail, ok, type Result } from '#std/result.ts';
import { exactPattern } from '../../match/pattern.ts';
import type { Operator } from './operator.ts';
import { compiled, sourceOf } from './values.ts';

/** What means another thing when the text is lower-cased than when its letters match in either case. */
const caseMatters = /\\x|\\[0-7]{2}|\[:upper:\]|\[:lower:\]|\\[pP]|\(\?[a-zA-Z]*-|\(\?[^:ims)]|\(\?[ims]*[^:ims)]/;

/**
 * Whether a class has a range that may hold capitals and not their small letters, such as `[9-a]`: all but those from digit
 * to digit and from small letter to small letter.
 */
function hasWideRange(lowered: string): boolean {
  for (let at = 0; at < lowered.length; at++) {
    if (lowered[at] === '\\') at += 1;
    else if (lowered[at] === '[') {
      at += lowered[at + 1] === '^' ? 2 : 1;
      for (let first = true; at < lowered.length && (first || lowered[at] !== ']'); first = false) {
        const low = lowered[at] === '\\' ? lowered.slice(at, at + 2) : (lowered[at] ?? '');
        at += low.length;
        const high = lowered[at + 1];
        if (lowered[at] !== '-' || high === undefined || high === ']') continue;
        if (!/^(\d\d|[a-z][a-z])$/.test(low + high)) return true;
        at += 2;
      }
    }
  }
  return false;
}

const quoted = (text: string) => text.replace(/[\\^$.*+?()[\]{}|~]/g, '\\$&');

/** A pattern that matches what the comparison does. */
export function patternOf(operator: Operator): Result<string> {
  const { type, data, sensitive, operand } = operator;
  if (data.includes('\0')) return fail(`${operand}: the text has a NUL character, which no program's has`);
  if (type === 'simple') {
    if (data === '') return fail(`${operand}: rules cannot ask for what is empty or not known`);
    const caseless = sensitive || data.toLowerCase() === data.toUpperCase();
    return ok(caseless ? exactPattern(data) : `~(?i)^${quoted(data)}$`);
  }
  const regex = compiled(operator);
  if (!regex.ok) return regex;
  if (data === '') return fail(`${operand}: the expression is empty and matches everything`);
  if (sensitive) return ok(`~${data}`);
  if (caseMatters.test(data) || hasWideRange(sourceOf(operator))) {
    return fail(
      `${operand}: OpenSnitch lower-cases "${data}" before it compiles it, and what that matches cannot be said in a rule`,
    );
  }
  return ok(`~(?i)${sourceOf(operator)}`);
}

/** `\S` that means `\s` there, because the expression is lower-cased with it. */
export function loweredEscapes({ type, data, sensitive }: Operator): readonly string[] {
  if (type !== 'regexp' || sensitive) return [];
  return [...new Set(data.match(/\\[A-Z]/g) ?? [])];
}
