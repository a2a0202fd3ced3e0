// Folders of lists that OpenSnitch rules name: each becomes a list of Postern's, unless it would have other entries there.
import type { ListFormat } from '#lists/line.ts';
import { parseLine } from '#lists/line.ts';
import { fail, ok, type Result } from '#std/result.ts';
import type { Collection } from '../collection.ts';
import type { Operator } from './operator.ts';

/** The texts of the files in a folder; undefined where it cannot be read. */
export type ReadFolder = (folder: string) => readonly string[] | undefined;

interface Content {
  /** Lines that OpenSnitch uses, and Postern does not. */
  readonly lost: number;
  /** Lines that Postern would use, and OpenSnitch does not. */
  readonly gained: number;
}

const usable: Readonly<Record<string, readonly ListFormat[]>> = {
  'lists.domains': ['hosts'],
  'lists.domains_regexp': ['patterns'],
};

export class ListFolders {
  readonly #collection: Collection;
  readonly #read: ReadFolder;
  readonly #contents = new Map<string, Content | undefined>();
  readonly #operands = new Map<string, string>();

  constructor(collection: Collection, read: ReadFolder) {
    this.#collection = collection;
    this.#read = read;
  }

  /** The name of the list that has what the folder has. */
  nameOf({ operand, data }: Operator): Result<string> {
    if (data === '') return fail('OpenSnitch does not load it: it names no folder of lists');
    if (!data.startsWith('/') || /[\0\n]/.test(data)) return fail(`"${data}" is no path of a folder of lists`);
    const folder = data.length > 1 ? data.replace(/\/+$/, '') : data;
    const before = this.#operands.get(folder);
    if (before !== undefined && before !== operand) {
      return fail(
        `${folder} is read as ${before} and as ${operand}, and a list of Postern's has names and addresses at once`,
      );
    }
    const content = this.#contentOf(folder, operand);
    if (operand === 'lists.domains_regexp') {
      if (content === undefined)
        return fail(`${folder} cannot be read here, to see whether its expressions say no more than names`);
      if (content.lost > 0)
        return fail(`${folder} has ${content.lost} expressions that say more than a name or what is below it`);
    }
    this.#operands.set(folder, operand);
    return ok(this.#collection.list(folder));
  }

  trapsOf({ operand, data }: Operator): string[] {
    const folder = data.replace(/\/+$/, '');
    const content = this.#contentOf(folder, operand);
    if (content === undefined)
      return [`${folder} cannot be read here; what Postern makes of it, postern lists show tells`];
    const { lost, gained } = content;
    return [
      ...(lost > 0 ? [`${folder}: OpenSnitch uses ${lines(lost)} that Postern skips`] : []),
      ...(gained > 0 ? [`${folder}: Postern uses ${lines(gained)} that OpenSnitch skips`] : []),
    ];
  }

  #contentOf(folder: string, operand: string): Content | undefined {
    const key = `${operand} ${folder}`;
    if (this.#contents.has(key)) return this.#contents.get(key);
    const texts = this.#read(folder);
    const content = texts && contentOf(texts, operand);
    this.#contents.set(key, content);
    return content;
  }
}

const lines = (count: number) => (count === 1 ? 'one line' : `${count} lines`);

function contentOf(texts: readonly string[], operand: string): Content {
  let lost = 0;
  let gained = 0;
  for (const text of texts) {
    for (const line of text.split('\n')) {
      const there = isUsedThere(line, operand);
      const parsed = parseLine(line);
      const here =
        parsed.type === 'range'
          ? operand === 'lists.ips' || operand === 'lists.nets'
          : parsed.type === 'names' && (usable[operand]?.includes(parsed.format) ?? false);
      if (there && !here) lost += 1;
      if (!there && (parsed.type === 'range' || parsed.type === 'names')) gained += 1;
    }
  }
  return { lost, gained };
}

/** Whether OpenSnitch reads an entry in the line (`daemon/rule/operator_lists.go`). */
function isUsedThere(line: string, operand: string): boolean {
  if (operand !== 'lists.domains') return line.trim() !== '' && !line.startsWith('#');
  const host = /^(?:0\.0\.0\.0.|127\.0\.0\.1.)(.*)$/.exec(line)?.[1]?.trim() ?? '';
  return host !== '' && line.length >= 9 && !/^(local|localhost|localhost\.localdomain|broadcasthost)$/.test(host);
}
