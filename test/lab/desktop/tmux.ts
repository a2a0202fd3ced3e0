// A real terminal in the lab: tmux, whose screen can be read and on whose keys can be pressed.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab, Ran } from '../lab.ts';

/** A server that was told to end may still be heard on its socket: each has one of its own. */
let servers = 0;

export class Tmux {
  readonly #lab: Lab;
  readonly #socket: string;
  readonly #user: string | undefined;

  constructor(lab: Lab, user?: string) {
    this.#lab = lab;
    this.#socket = join('/tmp', `${lab.folder.split('/').at(-1)}-${user ?? 'root'}-${++servers}.tmux`);
    this.#user = user;
  }

  run(...args: string[]): Promise<Ran> {
    const command = [
      'env',
      '-u',
      'TMUX',
      'TERM=xterm-256color',
      'LC_ALL=C.UTF-8',
      'tmux',
      '-f',
      '/dev/null',
      '-S',
      this.#socket,
    ];
    return this.#lab.run([...command, ...args], this.#user === undefined ? {} : { user: this.#user });
  }

  /** A window of this size with a shell in it, whose prompt is `$ `. */
  async start(columns = 110, rows = 30): Promise<void> {
    const size = ['-x', String(columns), '-y', String(rows)];
    const ran = await this.run('new-session', '-d', ...size, "PS1='$ ' HISTFILE= sh");
    if (ran.code !== 0) throw new Error(ran.stderr);
    await this.until((screen) => screen.startsWith('$'), 'the shell');
  }

  async screen(): Promise<string> {
    return (await this.run('capture-pane', '-p')).stdout;
  }

  async keys(...keys: string[]): Promise<void> {
    await this.run('send-keys', ...keys);
  }

  /** Waits until the screen is so; what it shows then. */
  async until(isSo: (screen: string) => boolean, what: string, seconds = 60): Promise<string> {
    const end = performance.now() + seconds * 1000;
    for (;;) {
      const screen = await this.screen();
      if (isSo(screen)) return screen;
      if (performance.now() > end) throw new Error(`waited ${seconds} s for ${what}; the terminal shows:\n${screen}`);
      await sleep(60);
    }
  }

  async stop(): Promise<void> {
    await this.run('kill-server');
  }
}
