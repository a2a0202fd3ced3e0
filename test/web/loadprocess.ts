// The control plane under load in a process of its own, as it is on a machine: nothing that it does holds up who watches the browser.
//   loadprocess.ts FOLDER JOURNAL     begun by `beginLoadServer`, which asks it by messages
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type LoadServer, startLoadServer } from './loadserver.ts';

type Ask = keyof Omit<LoadServer, 'close'>;
interface Question {
  readonly ask: Ask;
  readonly value: number;
}

/** As LoadServer, but answers come later. */
export interface FarLoadServer {
  fill(count: number): Promise<void>;
  link(): Promise<string>;
  tell(perSecond: number): Promise<number>;
  close(): Promise<void>;
}

/** Resolves when it serves. */
export async function beginLoadServer(folder: string, file: string): Promise<FarLoadServer> {
  const child = fork(import.meta.filename, [folder, file], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the server under load ended with ${code}`);
  });
  ended.catch(() => {});
  const answer = async () => (await Promise.race([once(child, 'message'), ended]))[0] as unknown;
  const ask = (question: Question) => {
    const told = answer();
    child.send(question);
    return told;
  };
  await answer();
  return {
    fill: async (count) => void (await ask({ ask: 'fill', value: count })),
    link: async () => (await ask({ ask: 'link', value: 0 })) as string,
    tell: async (perSecond) => (await ask({ ask: 'tell', value: perSecond })) as number,
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}

if (process.argv[1] === import.meta.filename) {
  const [folder = '', file = ''] = process.argv.slice(2);
  const server = await startLoadServer(folder, file);
  process.on('message', ({ ask, value }: Question) => process.send?.(server[ask](value) ?? null));
  process.on('disconnect', () => {
    server.close();
    process.exit();
  });
  process.send?.(null);
}
