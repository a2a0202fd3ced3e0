// Globs: `*` within a path segment, `**` across, `?`, `[…]`, `{a,b}`. Matched by following all positions at once,
// so the time is at most the length of the pattern times the length of the text, whatever the pattern says.
import { fail, ok, type Result } from '#std/result.ts';

type Matches = (text: string) => boolean;

/** One step of a compiled glob. `across` also passes slashes; `segments` is a `**` with its slash: no segment, or several whole ones. */
type Token =
  | { readonly type: 'char'; readonly char: string }
  | { readonly type: 'one' }
  | { readonly type: 'class'; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] }
  | { readonly type: 'within' }
  | { readonly type: 'across' }
  | { readonly type: 'segments' };

const special = /[*?[{]/;
const maxAlternatives = 256;

/** Whether the text has a character that makes it a glob; a text without any is taken as it stands, backslashes too. */
export function isGlob(text: string): boolean {
  return special.test(text);
}

/** The text as a glob that matches exactly this text. */
export function escapeGlob(text: string): string {
  return isGlob(text) ? escapeInGlob(text) : text;
}

/** The text as the part of a glob that matches exactly it: there backslashes are never taken as they stand. */
export function escapeInGlob(text: string): string {
  return text.replace(/[*?[\]{},\\]/g, '\\$&');
}

/** In a `path`, `*` and `?` stop at a slash; elsewhere they match anything. The error says what is wrong. */
export function compileGlob(text: string, kind: 'path' | 'plain'): Result<Matches> {
  const alternatives = expandBraces(text);
  if (!alternatives.ok) return alternatives;
  const programs: Token[][] = [];
  for (const alternative of alternatives.value) {
    const tokens = tokenize(alternative, kind);
    if (!tokens.ok) return tokens;
    programs.push(tokens.value);
  }
  const matchers = programs.map((tokens) => compileTokens(tokens, kind));
  const [only] = matchers;
  if (matchers.length === 1 && only !== undefined) return ok(only);
  return ok((subject) => matchers.some((matches) => matches(subject)));
}

/** `a{b,c}` to `ab` and `ac`; braces may nest. */
function expandBraces(text: string): Result<string[]> {
  let work = [text];
  const done: string[] = [];
  while (work.length > 0) {
    if (work.length + done.length > maxAlternatives) {
      return fail(`"${text}" stands for more than ${maxAlternatives} patterns; write fewer alternatives`);
    }
    const next: string[] = [];
    for (const item of work) {
      const group = firstGroup(item);
      if (group === 'unclosed') return fail(`"${text}" has a { without its }`);
      if (group === undefined) done.push(item);
      else for (const part of group.parts) next.push(item.slice(0, group.start) + part + item.slice(group.end));
    }
    work = next;
  }
  return ok(done);
}

function firstGroup(text: string): { start: number; end: number; parts: string[] } | 'unclosed' | undefined {
  let depth = 0;
  let start = -1;
  let partStart = 0;
  let inClass = false;
  const parts: string[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '\\') at++;
    else if (inClass) inClass = char !== ']';
    else if (char === '[') inClass = text.indexOf(']', at + 1) > 0;
    else if (char === '{') {
      if (depth++ === 0) {
        start = at;
        partStart = at + 1;
      }
    } else if (char === ',' && depth === 1) {
      parts.push(text.slice(partStart, at));
      partStart = at + 1;
    } else if (char === '}' && depth > 0 && --depth === 0) {
      parts.push(text.slice(partStart, at));
      return { start, end: at + 1, parts };
    }
  }
  return depth > 0 ? 'unclosed' : undefined;
}

function tokenize(text: string, kind: 'path' | 'plain'): Result<Token[]> {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const char = text[at] as string;
    if (char === '\\' && at + 1 < text.length && /[*?[\]{},\\]/.test(text[at + 1] as string)) {
      tokens.push({ type: 'char', char: text[at + 1] as string });
      at += 2;
    } else if (char === '*') {
      let stars = 1;
      while (text[at + stars] === '*') stars++;
      const startsSegment = at === 0 || text[at - 1] === '/';
      if (kind === 'path' && stars > 1 && startsSegment && text[at + stars] === '/' && at > 0) {
        tokens.push({ type: 'segments' });
        at += stars + 1;
      } else {
        tokens.push({ type: kind === 'plain' || stars > 1 ? 'across' : 'within' });
        at += stars;
      }
    } else if (char === '?') {
      tokens.push({ type: 'one' });
      at++;
    } else if (char === '[') {
      const parsed = parseClass(text, at);
      if (parsed === undefined) return fail(`"${text}" has a [ without its ], or nothing between them`);
      tokens.push(parsed.token);
      at = parsed.end;
    } else {
      tokens.push({ type: 'char', char });
      at++;
    }
  }
  return ok(tokens);
}

function parseClass(text: string, open: number): { token: Token; end: number } | undefined {
  let at = open + 1;
  const negated = text[at] === '!' || text[at] === '^';
  if (negated) at++;
  const ranges: [string, string][] = [];
  for (let first = true; at < text.length; first = false) {
    if (text[at] === ']' && !first) return { token: { type: 'class', negated, ranges }, end: at + 1 };
    if (text[at] === '\\' && at + 1 < text.length) at++;
    const low = text[at] as string;
    const high = text[at + 2];
    if (text[at + 1] === '-' && high !== undefined && high !== ']') {
      ranges.push([low, high]);
      at += 3;
    } else {
      ranges.push([low, low]);
      at++;
    }
  }
  return undefined;
}

function compileTokens(tokens: readonly Token[], kind: 'path' | 'plain'): Matches {
  const firstWild = tokens.findIndex((token) => token.type !== 'char');
  const literal = (part: readonly Token[]) => part.map((token) => (token.type === 'char' ? token.char : '')).join('');
  if (firstWild < 0) {
    const whole = literal(tokens);
    return (text) => text === whole;
  }
  const prefix = literal(tokens.slice(0, firstWild));
  const suffix = literal(tokens.slice(tokens.findLastIndex((token) => token.type !== 'char') + 1));
  const least = tokens.filter((t) => t.type === 'char' || t.type === 'one' || t.type === 'class').length;
  return (text) =>
    text.length >= least && text.startsWith(prefix) && text.endsWith(suffix) && simulate(tokens, text, kind === 'path');
}

/** Follows every place in the pattern that the text read so far can have led to. */
function simulate(tokens: readonly Token[], text: string, path: boolean): boolean {
  const end = tokens.length;
  let here = new Uint8Array(end + 1);
  let next = new Uint8Array(end + 1);
  enter(here, 0, tokens);
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    next.fill(0);
    for (let state = 0; state < end; state++) {
      if (here[state] === 0) continue;
      const token = tokens[state] as Token;
      switch (token.type) {
        case 'char':
          if (token.char === char) enter(next, state + 1, tokens);
          break;
        case 'one':
          if (!path || char !== '/') enter(next, state + 1, tokens);
          break;
        case 'class':
          if ((!path || char !== '/') && inClass(token, char)) enter(next, state + 1, tokens);
          break;
        case 'within':
          if (char !== '/') enter(next, state, tokens);
          break;
        case 'across':
          enter(next, state, tokens);
          break;
        case 'segments':
          next[state] = 1;
          if (char === '/') enter(next, state + 1, tokens);
          break;
      }
    }
    [here, next] = [next, here];
  }
  return here[end] !== 0;
}

/** Marks a place, and the ones after it that need no character to be reached. */
function enter(states: Uint8Array, state: number, tokens: readonly Token[]): void {
  for (let at = state; ; at++) {
    states[at] = 1;
    const type = tokens[at]?.type;
    if (type !== 'within' && type !== 'across' && type !== 'segments') return;
  }
}

function inClass(token: Token & { type: 'class' }, char: string): boolean {
  return token.ranges.some(([low, high]) => low <= char && char <= high) !== token.negated;
}
