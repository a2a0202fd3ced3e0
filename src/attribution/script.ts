// Which script an interpreter runs, from its arguments. Arguments are what the process says of itself: best effort.
import { absolutePath } from './path.ts';

interface Interpreter {
  readonly program: RegExp;
  /** Options after which no script follows: the program text is given, or read from standard input. */
  readonly text: readonly string[];
  /** Options that take the next argument. */
  readonly value: readonly string[];
  /** Options whose next argument is the script. */
  readonly script?: readonly string[];
  /** Words that stand before the script, as in `deno run`. */
  readonly words?: readonly string[];
  /** Without one of the `script` options nothing is one. */
  readonly onlyByOption?: true;
}

const interpreters: readonly Interpreter[] = [
  {
    program: /^python\d*(\.\d+)*$|^pypy\d*$/,
    text: ['-c', '-m', '-'],
    value: ['-W', '-X', '-Q', '--check-hash-based-pycs'],
  },
  { program: /^perl(\d.*)?$/, text: ['-e', '-E', '-'], value: ['-I'] },
  { program: /^ruby[\d.]*$/, text: ['-e', '-'], value: ['-I', '-r', '-C', '-E', '--encoding'] },
  {
    program: /^node(js)?$/,
    text: ['-e', '-p', '-i', '--eval', '--print', '--interactive', '--run', '--test', '-'],
    value: ['-r', '--require', '--import', '--loader', '--experimental-loader', '-C', '--conditions', '--env-file'],
    words: ['inspect'],
  },
  {
    program: /^deno$/,
    text: ['eval', 'repl', '-'],
    value: ['-c', '--config', '--import-map'],
    words: ['run', 'serve'],
  },
  { program: /^bun$/, text: ['-e', '-'], value: ['-r', '--preload', '-c', '--config'], words: ['run'] },
  {
    program: /^(ba|da|a|z|k|mk|pdk|lk)?sh$|^fish$/,
    text: ['-c', '-s', '-', '--command'],
    value: ['-o', '+o', '-O', '+O', '--rcfile', '--init-file'],
  },
  { program: /^php[\d.]*$/, text: ['-r', '-a', '-'], value: ['-c', '-d', '-z', '-S', '-t'], script: ['-f'] },
  { program: /^lua(jit)?[\d.]*$/, text: ['-'], value: ['-e', '-l'] },
  { program: /^(tclsh|wish)[\d.]*$/, text: ['-'], value: ['-encoding'] },
  { program: /^[gmn]?awk$/, text: [], value: ['-F', '-v'], script: ['-f'], onlyByOption: true },
  { program: /^java$/, text: [], value: [], script: ['-jar'], onlyByOption: true },
  // The loader runs any file as a program: that file, not the loader, is what runs.
  {
    program: /^ld-linux.*\.so\.\d+$|^ld-musl-.*\.so\.\d+$|^ld-\d.*\.so$|^ld\.so$/,
    text: ['--list', '--verify'],
    value: [
      '--library-path',
      '--inhibit-rpath',
      '--audit',
      '--preload',
      '--argv0',
      '--glibc-hwcaps-prepend',
      '--glibc-hwcaps-mask',
    ],
  },
];

/** The position of the script in `args`; −1 when there is none. */
function scriptIndex(interpreter: Interpreter, args: readonly string[]): number {
  let words = interpreter.words ?? [];
  for (let at = 1; at < args.length; at++) {
    const arg = args[at] as string;
    if (interpreter.script?.includes(arg)) return at + 1;
    if (interpreter.text.includes(arg)) return -1;
    if (arg === '--') return interpreter.onlyByOption ? -1 : at + 1;
    if (interpreter.value.includes(arg)) {
      at += 1;
      continue;
    }
    if (arg.startsWith('-') || arg.startsWith('+')) {
      // Letters may be bundled: `-lc`, `-Ic`; those with values of their own carry them in the same argument.
      const bundled =
        !arg.startsWith('--') && [...arg.slice(1)].some((letter) => interpreter.text.includes(`-${letter}`));
      if (bundled && !interpreter.value.some((option) => arg.startsWith(option))) return -1;
      continue;
    }
    if (words.includes(arg)) {
      words = [];
      continue;
    }
    return interpreter.onlyByOption ? -1 : at;
  }
  return -1;
}

/**
 * Absolute path of the script; null when `program` (the path of the real executable) is no interpreter or runs no file.
 * The caller sees to it that the file exists: a name of no file is not a script.
 */
export function scriptOf(program: string, args: readonly string[], cwd: string | undefined): string | null {
  const name = program.slice(program.lastIndexOf('/') + 1);
  const interpreter = interpreters.find((candidate) => candidate.program.test(name));
  if (interpreter === undefined) return null;
  const script = args[scriptIndex(interpreter, args)];
  return script === undefined || script === '' ? null : absolutePath(script, cwd);
}
