// Which script an interpreter runs, from its arguments. Arguments are what the process says of itself: best effort.
import { type Interpreter, interpreters } from './interpreters.ts';

/** What an argument before the script means: the place of the script, no script at all, or how many arguments it takes. */
type Meaning = { readonly script: string | null } | { readonly takes: 1 | 2 };

const one: Meaning = { takes: 1 };
const two: Meaning = { takes: 2 };
const none: Meaning = { script: null };

/** `--option=value` and `-Ovalue`: the value; undefined when the argument is not this option with its value. */
function attachedValue(arg: string, option: string): string | undefined {
  if (!arg.startsWith(option) || arg.length === option.length) return undefined;
  if (option.startsWith('--')) return arg[option.length] === '=' ? arg.slice(option.length + 1) : undefined;
  return option.length === 2 ? arg.slice(2) : undefined;
}

/** Bundled letters, as in `-eo pipefail` and `-lc`: the first that gives text, or takes a value, says what follows. */
function bundle(interpreter: Interpreter, arg: string): Meaning {
  for (let at = 1; at < arg.length; at++) {
    const letter = arg[at] as string;
    const option = `${arg[0]}${letter}`;
    if (interpreter.text.includes(option)) return none;
    // Behind it stands its value, here or in the next argument.
    if (interpreter.value.includes(option)) return at === arg.length - 1 ? two : one;
    if (interpreter.attached?.includes(letter)) return one;
  }
  return one;
}

function meaningOf(interpreter: Interpreter, arg: string, next: string | undefined): Meaning {
  for (const option of interpreter.script ?? []) {
    if (arg === option) return { script: next ?? null };
    const value = attachedValue(arg, option);
    if (value !== undefined) return { script: value };
  }
  if (interpreter.text.includes(arg)) return none;
  if (interpreter.text.some((option) => option.startsWith('--') && attachedValue(arg, option) !== undefined))
    return none;
  if (interpreter.value.includes(arg)) return two;
  if (/^[-+]/.test(arg)) return /^[-+][^-]/.test(arg) && interpreter.bundles !== false ? bundle(interpreter, arg) : one;
  return { script: interpreter.named?.test(arg) === false ? null : arg };
}

function scriptArgument(interpreter: Interpreter, args: readonly string[]): string | null {
  let words = interpreter.words ?? [];
  for (let at = 1; at < args.length; ) {
    const arg = args[at] as string;
    const next = args[at + 1];
    if (arg === '--') return next !== undefined && interpreter.named?.test(next) !== false ? next : null;
    if (words.includes(arg)) {
      words = [];
      at += 1;
      continue;
    }
    const meaning = meaningOf(interpreter, arg, next);
    if ('script' in meaning) return meaning.script;
    at += meaning.takes;
  }
  return null;
}

/**
 * Path of the script, from the root; null when `program` (the path of the real executable) is no interpreter or runs no file.
 * `..` is left in it, because behind a symbolic link that is another folder. The caller sees to it that the file exists.
 */
export function scriptOf(program: string, args: readonly string[], cwd: string | undefined): string | null {
  const name = program.slice(program.lastIndexOf('/') + 1);
  const interpreter = interpreters.find((candidate) => candidate.program.test(name));
  const script = interpreter === undefined ? null : scriptArgument(interpreter, args);
  if (script === null || script === '' || script.includes('\0')) return null;
  if (script.startsWith('/')) return script;
  return cwd === undefined ? null : `${cwd}/${script}`;
}
