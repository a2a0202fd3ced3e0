// The difference of two texts, line by line, as people read it: what went, what came, and a little of what stayed around it.

export interface DifferenceLine {
  readonly kind: 'same' | 'removed' | 'added';
  /** Its number in the text before and after, from 1; null where it is not there. */
  readonly before: number | null;
  readonly after: number | null;
  readonly text: string;
}

/** Changed lines with those around them. */
export type Hunk = readonly DifferenceLine[];

/** Changes that are looked for at most; texts further apart are shown as one replaced by the other. */
const maxChanges = 1000;
const contextLines = 3;

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

/** Empty where the texts have the same lines. */
export function differenceOf(before: string, after: string): Hunk[] {
  const [old, young] = [linesOf(before), linesOf(after)];
  let head = 0;
  while (head < old.length && head < young.length && old[head] === young[head]) head += 1;
  let tail = 0;
  while (
    tail < old.length - head &&
    tail < young.length - head &&
    old[old.length - 1 - tail] === young[young.length - 1 - tail]
  )
    tail += 1;
  const middle = changesOf(old.slice(head, old.length - tail), young.slice(head, young.length - tail));
  const same = (count: number) => Array.from({ length: count }, () => 'same' as const);
  return hunksOf(numbered([...same(head), ...middle, ...same(tail)], old, young));
}

export interface FileTexts {
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

/** Of these files the ones whose lines differ, with how many went and came. */
export function differingFiles(files: readonly FileTexts[]) {
  return files.flatMap(({ file, before, after }) => {
    const hunks = differenceOf(before, after).map((lines) => [...lines]);
    const count = (kind: Kind) => hunks.flat().filter((line) => line.kind === kind).length;
    return hunks.length === 0 ? [] : [{ file, added: count('added'), removed: count('removed'), hunks }];
  });
}

type Kind = DifferenceLine['kind'];

function numbered(kinds: readonly Kind[], old: readonly string[], young: readonly string[]): DifferenceLine[] {
  let [before, after] = [0, 0];
  return kinds.map((kind) => {
    if (kind !== 'added') before += 1;
    if (kind !== 'removed') after += 1;
    return {
      kind,
      before: kind === 'added' ? null : before,
      after: kind === 'removed' ? null : after,
      text: (kind === 'added' ? young[after - 1] : old[before - 1]) ?? '',
    };
  });
}

/** The fewest lines to take away and to add (E. Myers, An O(ND) Difference Algorithm, 1986). */
function changesOf(old: readonly string[], young: readonly string[]): Kind[] {
  const replaced = (): Kind[] => [...old.map(() => 'removed' as const), ...young.map(() => 'added' as const)];
  const [rows, columns] = [old.length, young.length];
  if (rows === 0 || columns === 0) return replaced();
  const limit = Math.min(maxChanges, rows + columns);
  // How far each diagonal came, with so many changes; one copy is kept for each number of changes, to walk back on.
  const reach = new Int32Array(2 * limit + 3);
  const kept: Int32Array[] = [];
  const at = (diagonal: number) => diagonal + limit + 1;
  const isDown = (of: Int32Array, diagonal: number, changes: number) =>
    diagonal === -changes || (diagonal !== changes && (of[at(diagonal - 1)] ?? 0) < (of[at(diagonal + 1)] ?? 0));
  for (let changes = 0; changes <= limit; changes += 1) {
    kept.push(reach.slice());
    for (let diagonal = -changes; diagonal <= changes; diagonal += 2) {
      const down = isDown(reach, diagonal, changes);
      let row = down ? (reach[at(diagonal + 1)] ?? 0) : (reach[at(diagonal - 1)] ?? 0) + 1;
      while (row < rows && row - diagonal < columns && old[row] === young[row - diagonal]) row += 1;
      reach[at(diagonal)] = row;
      if (row >= rows && row - diagonal >= columns) return walkBack(kept, rows, columns, at, isDown);
    }
  }
  return replaced();
}

function walkBack(
  kept: readonly Int32Array[],
  rows: number,
  columns: number,
  at: (diagonal: number) => number,
  isDown: (of: Int32Array, diagonal: number, changes: number) => boolean,
): Kind[] {
  const kinds: Kind[] = [];
  let [row, column] = [rows, columns];
  for (let changes = kept.length - 1; changes >= 0; changes -= 1) {
    const of = kept[changes] as Int32Array;
    const diagonal = row - column;
    const down = isDown(of, diagonal, changes);
    const from = down ? diagonal + 1 : diagonal - 1;
    const start = changes === 0 ? 0 : (of[at(from)] ?? 0);
    const startColumn = changes === 0 ? 0 : start - from;
    const stayed = down
      ? Math.min(row - start, column - startColumn - 1)
      : Math.min(row - start - 1, column - startColumn);
    for (let line = 0; line < (changes === 0 ? row : stayed); line += 1) kinds.push('same');
    if (changes > 0) kinds.push(down ? 'added' : 'removed');
    [row, column] = [start, startColumn];
  }
  return kinds.reverse();
}

function hunksOf(lines: readonly DifferenceLine[]): Hunk[] {
  const hunks: DifferenceLine[][] = [];
  let end = 0;
  lines.forEach(({ kind }, index) => {
    if (kind === 'same') return;
    const start = Math.max(index - contextLines, end);
    const stop = Math.min(index + contextLines + 1, lines.length);
    const last = hunks.at(-1);
    if (last !== undefined && start <= end) last.push(...lines.slice(end, stop));
    else hunks.push(lines.slice(start, stop));
    end = stop;
  });
  return hunks;
}
