// Pattern: a value, a glob or a regular expression `~…`, as rules write them, ready to be matched.
import { RE2JS } from 're2js';
import { fail, ok, type Result } from '#std/result.ts';
import { compileGlob, escapeGlob, escapeInGlob, isGlob } from './glob.ts';

export type Pattern =
  | { readonly type: 'exact'; readonly text: string; readonly value: string }
  | { readonly type: 'glob' | 'regex'; readonly text: string; readonly matches: (value: string) => boolean };

/**
 * Paths: `*` stops at a slash, and a value must be absolute. Plain values (units, labels, arguments …): `*` is anything.
 * A regular expression may match anywhere in the value; `^` and `$` tie it down.
 */
export function compilePattern(text: string, kind: 'path' | 'plain'): Result<Pattern> {
  if (text === '') return fail('is empty');
  if (text.includes('\0')) return fail('has a NUL character');
  if (text.startsWith('~')) return compileRegex(text);
  if (!isGlob(text)) return ok({ type: 'exact', text, value: text });
  // A glob whose wildcards are all escaped is a value like others.
  if (!isGlob(text.replace(/\\[*?[\]{},\\]/g, ''))) {
    return ok({ type: 'exact', text, value: text.replace(/\\([*?[\]{},\\])/g, '$1') });
  }
  const glob = compileGlob(text, kind);
  return glob.ok ? ok({ type: 'glob', text, matches: glob.value }) : glob;
}

function compileRegex(text: string): Result<Pattern> {
  const source = text.slice(1);
  if (source === '') return fail('"~" has no regular expression behind it');
  try {
    const regex = RE2JS.compile(source);
    return ok({ type: 'regex', text, matches: (value) => regex.test(value) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail(`"${text}" is not a regular expression: ${reason.replace(/^error parsing regexp: /, '')}`);
  }
}

export function patternMatches(pattern: Pattern, value: string): boolean {
  return pattern.type === 'exact' ? pattern.value === value : pattern.matches(value);
}

/** The cgroup, or any above it: `/user.slice` holds `/user.slice/user-1000.slice`. */
export function cgroupMatches(pattern: Pattern, cgroup: string): boolean {
  if (patternMatches(pattern, cgroup)) return true;
  if (pattern.type === 'regex') return false;
  for (let at = cgroup.lastIndexOf('/'); at > 0; at = cgroup.lastIndexOf('/', at - 1)) {
    if (patternMatches(pattern, cgroup.slice(0, at))) return true;
  }
  return patternMatches(pattern, '/');
}

/** A pattern that matches exactly this value. */
export function exactPattern(value: string): string {
  return value.startsWith('~') ? `[~]${escapeInGlob(value.slice(1))}` : escapeGlob(value);
}
