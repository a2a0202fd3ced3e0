// The texts that a simple regular expression matches, spelled out: for values of which rules can only list some.

/** One step of a text: a character, any one character, any text, or the beginning or end. */
export type Item = string | 'ONE' | 'ANY' | 'BEGIN' | 'END';
export type Sequence = readonly Item[];

const maxSequences = 4096;
const maxItems = 300;
const maxDepth = 20;

/** More is never spelled out; the expression is left as one that cannot be. */
class TooMuch extends Error {}

/**
 * Every way through the expression; undefined where it says more than can be spelled out (repetitions of more than any
 * character, word boundaries, classes of what a text does not have). What is not tied with `^` and `$` begins and ends with ANY.
 */
export function sequencesOf(source: string): Sequence[] | undefined {
  try {
    const reader = new Reader(source);
    const ways = reader.alternatives(0);
    if (!reader.done) return undefined;
    return ways.map(tied).filter((way) => way !== undefined);
  } catch (error) {
    if (error instanceof TooMuch) return undefined;
    throw error;
  }
}

/** With ANY where the expression leaves it open, and without the marks; undefined for what can match nothing. */
function tied(way: Sequence): Sequence | undefined {
  const begins = way.lastIndexOf('BEGIN');
  const ends = way.indexOf('END');
  const before = begins < 0 ? [] : way.slice(0, begins).filter((item) => item !== 'BEGIN');
  const after = ends < 0 ? [] : way.slice(ends).filter((item) => item !== 'END');
  // `.*^x` is `^x`, which nobody writes.
  if (before.includes('ANY') || after.includes('ANY')) throw new TooMuch();
  if (before.length > 0 || after.length > 0) return undefined;
  const inner = way.slice(begins + 1, ends < 0 ? undefined : ends);
  const open = [...(begins < 0 ? ['ANY'] : []), ...inner, ...(ends < 0 ? ['ANY'] : [])];
  return open.filter((item, at) => item !== 'ANY' || open[at - 1] !== 'ANY');
}

class Reader {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  get done(): boolean {
    return this.#at === this.#source.length;
  }

  #peek(text: string): boolean {
    return this.#source.startsWith(text, this.#at);
  }

  #take(text: string): boolean {
    if (!this.#peek(text)) return false;
    this.#at += text.length;
    return true;
  }

  alternatives(depth: number): Sequence[] {
    if (depth > maxDepth) throw new TooMuch();
    const ways: Sequence[] = [];
    do ways.push(...this.#concatenation(depth));
    while (this.#take('|'));
    if (ways.length > maxSequences) throw new TooMuch();
    return ways;
  }

  #concatenation(depth: number): Sequence[] {
    let ways: Sequence[] = [[]];
    while (!this.done && !this.#peek('|') && !this.#peek(')')) ways = joined(ways, this.#repeated(depth));
    return ways;
  }

  #repeated(depth: number): Sequence[] {
    const ways = this.#atom(depth);
    const least = /^(?:[?*+]|\{\d{1,3}(?:,\d{0,3})?\})\??/.exec(this.#source.slice(this.#at, this.#at + 12))?.[0];
    if (least === undefined) return ways;
    this.#at += least.length;
    const one = ways.length === 1 && ways[0]?.length === 1 && ways[0][0] === 'ONE';
    if (least.startsWith('?')) return [[], ...ways];
    if (least.startsWith('*')) return one ? [['ANY']] : beyond();
    if (least.startsWith('+')) return one ? [['ONE', 'ANY']] : beyond();
    const [, low = '0', comma, high = low] = /^\{(\d+)(,)?(\d+)?/.exec(least) ?? [];
    if (comma !== undefined && !/,\d/.test(least)) return beyond();
    const result: Sequence[] = [];
    let times: Sequence[] = [[]];
    if (Number(high) < Number(low)) throw new TooMuch();
    for (let count = 0; count <= Number(high); count++) {
      if (count >= Number(low)) result.push(...times);
      if (result.length > maxSequences) throw new TooMuch();
      times = joined(times, ways);
    }
    return result;
  }

  #atom(depth: number): Sequence[] {
    if (this.#take('(?:') || (!this.#peek('(?') && this.#take('('))) {
      const ways = this.alternatives(depth + 1);
      if (!this.#take(')')) throw new TooMuch();
      return ways;
    }
    if (this.#take('.')) return [['ONE']];
    if (this.#take('^')) return [['BEGIN']];
    if (this.#take('$')) return [['END']];
    if (this.#take('[')) return this.#class();
    if (this.#take('\\')) return this.#escape().map((char) => [char]);
    const char = String.fromCodePoint(this.#source.codePointAt(this.#at) ?? 0);
    // Quantifiers of nothing, groups with flags, a lone bracket.
    if (/[*+?{}()\]]/.test(char)) throw new TooMuch();
    this.#at += char.length;
    return [[char]];
  }

  #escape(): string[] {
    const char = this.#source[this.#at] ?? '';
    if (char === 'd') {
      this.#at += 1;
      return [...'0123456789'];
    }
    if (char === '' || /[\p{L}\p{N}]/u.test(char) || char.charCodeAt(0) > 126) throw new TooMuch();
    this.#at += 1;
    return [char];
  }

  #class(): Sequence[] {
    if (this.#peek('^') || this.#peek(']')) throw new TooMuch();
    const chars = new Set<string>();
    while (!this.#take(']')) {
      if (this.done || this.#peek('[')) throw new TooMuch();
      const [low = '', ...more] = this.#take('\\') ? this.#escape() : [this.#source[this.#at++] ?? ''];
      for (const char of [low, ...more]) chars.add(char);
      if (!/^-[^\]]/.test(this.#source.slice(this.#at, this.#at + 2))) continue;
      this.#at += 1;
      const high = this.#source[this.#at++] ?? '';
      const plain = /^([0-9][0-9]|[a-z][a-z]|[A-Z][A-Z])$/.test(low + high);
      if (more.length > 0 || !plain || high < low) throw new TooMuch();
      for (let code = low.charCodeAt(0); code <= high.charCodeAt(0); code++) chars.add(String.fromCharCode(code));
    }
    return [...chars].map((char) => [char]);
  }
}

function beyond(): never {
  throw new TooMuch();
}

function joined(a: readonly Sequence[], b: readonly Sequence[]): Sequence[] {
  if (a.length * b.length > maxSequences) throw new TooMuch();
  return a.flatMap((left) =>
    b.map((right) => {
      if (left.length + right.length > maxItems) throw new TooMuch();
      return [...left, ...right];
    }),
  );
}

/** The texts of a sequence without ANY, with each of these characters where any one may stand. */
export function textsOf(sequence: Sequence, alphabet: string): string[] | undefined {
  if (sequence.includes('ANY')) return undefined;
  let texts = [''];
  for (const item of sequence) {
    const chars = item === 'ONE' ? [...alphabet] : [item];
    if (texts.length * chars.length > maxSequences * 2) return undefined;
    texts = texts.flatMap((text) => chars.map((char) => text + char));
  }
  return texts;
}
