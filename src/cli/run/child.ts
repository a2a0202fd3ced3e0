// The command as a child of this process: its terminal, its signals and its end are those of a command that is begun without us.
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';

/** What a shell returns for a command that is not there, and for one that cannot be executed. */
const missing = 127;
const notExecutable = 126;

export interface Child {
  /** Its exit code, as a shell says it: 128 and the number of the signal that ended it. */
  readonly ended: Promise<number>;
  kill(): void;
  /** Nobody judges it any more, and it may stand still: from now on Ctrl-C ends it for good. */
  forsake(): void;
}

/** Returns once the program runs, or could not be begun. */
export function begin(command: readonly string[]): Child {
  const [program = '', ...args] = command;
  let forsaken = false;
  let child: ChildProcess | undefined;
  // Before it can be sent any.
  const stop = passSignals(
    (signal) => child?.kill(signal),
    () => forsaken && child?.kill('SIGKILL'),
  );
  child = spawn(program, args, { stdio: 'inherit' });
  const ended = new Promise<number>((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      stop();
      process.stderr.write(`postern: ${program}: ${error.code === 'ENOENT' ? 'no such command' : error.message}\n`);
      resolve(error.code === 'ENOENT' ? missing : notExecutable);
    });
    child.on('exit', (code, signal) => {
      stop();
      resolve(code ?? 128 + constants.signals[signal as NodeJS.Signals]);
    });
  });
  const forsake = () => {
    forsaken = true;
  };
  return { ended, kill: () => child.kill('SIGKILL'), forsake };
}

/** Ctrl-C and its kin reach the command from the terminal itself; others are handed on. */
function passSignals(send: (signal: NodeJS.Signals) => void, keep: () => void): () => void {
  const handed = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const;
  const kept = ['SIGINT', 'SIGQUIT'] as const;
  const hand = (signal: NodeJS.Signals) => send(signal);
  for (const signal of handed) process.on(signal, hand);
  for (const signal of kept) process.on(signal, keep);
  return () => {
    for (const signal of handed) process.off(signal, hand);
    for (const signal of kept) process.off(signal, keep);
  };
}
