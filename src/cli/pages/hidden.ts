// A line that nobody else should read: typed without being shown, or the first line of what is piped in.
import { Ending, exits } from '../context.ts';
import { readAnswer } from '../question.ts';

const ends = {
  enter: '\r',
  line: '\n',
  interrupt: '\u0003',
  end: '\u0004',
  erase: '\u007f',
  back: '\b',
  clear: '\u0015',
} as const;

/** Throws an Ending when there is none. */
export async function readHidden(text: string): Promise<string> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) {
    const line = await readAnswer('');
    if (line === undefined) throw new Ending(exits.usage, 'the standard input has no password');
    return line;
  }
  stderr.write(text);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8').resume();
  let typed = '';
  try {
    for await (const part of stdin) {
      for (const key of part as string) {
        if (key === ends.enter || key === ends.line) return typed;
        if (key === ends.interrupt || key === ends.end) throw new Ending(exits.no, 'nothing was changed');
        if (key === ends.clear) typed = '';
        else if (key === ends.erase || key === ends.back) typed = [...typed].slice(0, -1).join('');
        else typed += key;
      }
    }
    throw new Ending(exits.no, 'nothing was changed');
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}
