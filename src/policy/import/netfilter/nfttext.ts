// `nft list ruleset` as text, as nft prints it: one rule a line.
import { type NftChain, type NftRule, type NftTable, type Piece, priorityOf } from './nftpieces.ts';

interface Token {
  readonly text: string;
  readonly line: number;
  readonly quoted: boolean;
}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  for (const [whole, comment, quoted, mark] of source.matchAll(/(#[^\n]*)|"([^"\n]*)"|(\n|[{};,])|[^\s{};,"#]+|"/g)) {
    if (comment !== undefined) continue;
    tokens.push({ text: quoted ?? whole, line, quoted: quoted !== undefined });
    if (mark === '\n') line += 1;
  }
  return tokens;
}

/** Sentences about what is not read go to `leave`. */
export function readNftText(source: string, file: string, leave: (from: string, why: string) => void): NftTable[] {
  const reader = new Reader(tokensOf(source), file, leave);
  return reader.tables();
}

class Reader {
  readonly #tokens: readonly Token[];
  readonly #file: string;
  readonly #leave: (from: string, why: string) => void;
  #at = 0;

  constructor(tokens: readonly Token[], file: string, leave: (from: string, why: string) => void) {
    this.#tokens = tokens;
    this.#file = file;
    this.#leave = leave;
  }

  tables(): NftTable[] {
    const tables: NftTable[] = [];
    while (this.#at < this.#tokens.length) {
      const statement = this.#statement();
      const [first, family = '', name = ''] = statement.words;
      if (statement.opens && first === 'table') {
        const known = tables.find((table) => table.family === family && table.name === name);
        const table = known ?? { family, name, chains: new Map(), sets: new Map() };
        if (known === undefined) tables.push(table);
        this.#table(table);
      } else if (statement.opens) this.#skip();
      else if (first !== undefined && first !== '}' && first !== 'flush') {
        this.#leave(
          this.#place(statement.line),
          `"${statement.words.join(' ').slice(0, 80)}" is nothing that nft list ruleset prints`,
        );
      }
    }
    return tables;
  }

  #place(line: number): string {
    return `${this.#file}:${line}`;
  }

  #table(table: NftTable): void {
    while (this.#at < this.#tokens.length) {
      const { words, opens, line } = this.#statement();
      const [first, name = ''] = words;
      if (first === '}') return;
      if (!opens) continue;
      if (first === 'chain') this.#chain(table, name, line);
      else if (first === 'set') this.#set(table, name);
      else this.#skip();
    }
  }

  #chain(table: NftTable, name: string, line: number): void {
    let head: Pick<NftChain, 'type' | 'hook' | 'priority' | 'policy'> = {
      ...{ type: undefined, hook: undefined, priority: 0, policy: 'accept' },
    };
    const rules: NftRule[] = [];
    while (this.#at < this.#tokens.length) {
      const statement = this.#statement(true);
      const [first, second = ''] = statement.words;
      if (first === '}') break;
      if (first === undefined) continue;
      if (first === 'type') {
        const joined = statement.words.join(' ');
        const hook = /hook (\S+)/.exec(joined)?.[1];
        head = { ...head, type: second, hook, priority: priorityOf(/priority (.+)$/.exec(joined)?.[1] ?? '') };
      } else if (first === 'policy') head = { ...head, policy: second };
      else if (first !== 'comment') rules.push(this.#rule(statement));
    }
    table.chains.set(name, { name, from: this.#place(line), ...head, rules });
  }

  #set(table: NftTable, name: string): void {
    let changes = false;
    let elements: string[] = [];
    while (this.#at < this.#tokens.length) {
      const { words } = this.#statement(true);
      if (words[0] === '}') break;
      if (words[0] === 'flags' && words.some((word) => word === 'dynamic' || word === 'timeout')) changes = true;
      if (words[0] === 'elements') elements = words.slice(2).filter((word) => !['{', '}', ','].includes(word));
    }
    table.sets.set(name, changes ? undefined : elements);
  }

  /** The words up to the end of the line, `;`, or a brace that opens a block. With `inner`, braces hold sets. */
  #statement(inner = false): Statement {
    const words: string[] = [];
    const quoted: boolean[] = [];
    let line = this.#tokens[this.#at]?.line ?? 0;
    let depth = 0;
    while (this.#at < this.#tokens.length) {
      const token = this.#tokens[this.#at++] as Token;
      const bare = token.quoted ? '' : token.text;
      if (bare === '\n' || bare === ';') {
        if (depth > 0) continue;
        if (words.length > 0) break;
        continue;
      }
      if (words.length === 0) line = token.line;
      if (bare === '{' && !inner) return { words, quoted, line, opens: true };
      if (bare === '}' && depth === 0) {
        if (words.length === 0) return { words: ['}'], quoted, line, opens: false };
        this.#at -= 1;
        break;
      }
      if (bare === '{') depth += 1;
      if (bare === '}') depth -= 1;
      words.push(token.text);
      quoted.push(token.quoted);
    }
    return { words, quoted, line, opens: false };
  }

  #skip(): void {
    for (let depth = 1; depth > 0 && this.#at < this.#tokens.length; this.#at++) {
      const { text, quoted } = this.#tokens[this.#at] as Token;
      if (!quoted && text === '{') depth += 1;
      if (!quoted && text === '}') depth -= 1;
    }
  }

  #rule({ words, line }: Statement): NftRule {
    const pieces: Piece[] = [];
    let verdict: string | undefined;
    let comment: string | undefined;
    let wrong: string | undefined;
    for (let at = 0; at < words.length && wrong === undefined; ) {
      const word = words[at] ?? '';
      const next = words[at + 1] ?? '';
      if (['accept', 'drop', 'return'].includes(word)) {
        verdict = word;
        at += 1;
      } else if (word === 'reject') {
        verdict = word;
        at += next === 'with' ? 4 : 1;
        while (at < words.length && words[at] !== 'comment') at += 1;
      } else if (word === 'jump') {
        verdict = `jump ${next}`;
        at += 2;
      } else if (word === 'counter') at += next === 'packets' ? 5 : 1;
      else if (word === 'comment') {
        comment = next;
        at += 2;
      } else if (word === 'log') {
        at += 1;
        while (['prefix', 'level', 'group', 'snaplen', 'queue-threshold', 'flags'].includes(words[at] ?? '')) at += 2;
      } else {
        const read = pieceAt(words, at);
        if (read === undefined)
          wrong = `"${words
            .slice(at, at + 4)
            .join(' ')
            .slice(0, 80)}" has no counterpart in rules`;
        else {
          pieces.push(read.piece);
          at = read.end;
        }
      }
    }
    return { from: this.#place(line), pieces, verdict, comment, wrong };
  }
}

interface Statement {
  readonly words: readonly string[];
  readonly quoted: readonly boolean[];
  readonly line: number;
  readonly opens: boolean;
}

const selectors = /^(meta|ip|ip6|tcp|udp|sctp|udplite|th|ct|icmp|icmpv6|socket)$/;
const short = /^(iif|oif|iifname|oifname|skuid|skgid|l4proto|nfproto)$/;

function pieceAt(words: readonly string[], start: number): { piece: Piece; end: number } | undefined {
  let at = start;
  const first = words[at++] ?? '';
  let left: string;
  if (short.test(first)) left = `meta ${first}`;
  else if (selectors.test(first)) left = `${first} ${words[at++] ?? ''}`;
  else return undefined;
  if (left === 'socket cgroupv2' && words[at] === 'level') at += 2;
  let not = false;
  if (words[at] === '!=' || words[at] === '==') not = words[at++] === '!=';
  const values: string[] = [];
  if (words[at] === '{') {
    for (at += 1; at < words.length && words[at] !== '}'; at++) {
      // `a : accept` is a map.
      if (words[at] === ':' || words[at] === '.') return undefined;
      if (words[at] !== ',') values.push(words[at] ?? '');
    }
    at += 1;
  } else {
    do {
      const value = words[at++];
      if (value === undefined || /^(vmap|map|and|or|xor|&|\||<|>|<=|>=|\.)$/.test(value)) return undefined;
      values.push(value);
    } while (words[at] === ',' && ++at < words.length);
  }
  return { piece: { left, not, values }, end: at };
}
