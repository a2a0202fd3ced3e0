// A user's desktop in the lab: a screen (Xvfb), a session bus (dbus-daemon), a notification daemon (dunst) and Postern's agent.
import type { ChildProcess } from 'node:child_process';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { bin, type Lab, type Postern, type Ran } from '../lab.ts';

export interface Shown {
  readonly title: string;
  readonly body: string;
  readonly urgency: string;
}

const busConfig = (path: string) => `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <servicedir>${join(path, '../services')}</servicedir>
  <listen>unix:path=${path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
`;

export class Desktop {
  readonly #lab: Lab;
  readonly user: string;
  readonly folder: string;
  readonly #env: string[];
  #dunst: ChildProcess | undefined;
  #bus: ChildProcess | undefined;
  /** What the agents printed. */
  said = '';

  private constructor(lab: Lab, user: string, folder: string, display: string) {
    this.#lab = lab;
    this.user = user;
    this.folder = folder;
    const path = `${join(folder, 'bin')}:/usr/local/bin:/usr/bin:/bin`;
    this.#env = [
      'env',
      `DISPLAY=${display}`,
      `DBUS_SESSION_BUS_ADDRESS=unix:path=${this.busPath}`,
      `HOME=${folder}`,
      `PATH=${path}`,
    ];
  }

  get busPath(): string {
    return join(this.folder, 'bus');
  }

  /** The screen, as Xvfb keeps it in a file. */
  get framebuffer(): string {
    return join(this.folder, 'Xvfb_screen0');
  }

  static async start(lab: Lab, user: string): Promise<Desktop> {
    lab.account(user);
    const folder = join(lab.folder, `desktop-${user}`);
    mkdirSync(join(folder, 'bin'), { recursive: true });
    const uid = Number(spawnSync('id', ['-u', user], { encoding: 'utf8' }).stdout);
    for (const name of [folder, join(folder, 'bin')]) chownSync(name, uid, uid);
    const screen = lab.spawn([
      'Xvfb',
      '-displayfd',
      '1',
      '-screen',
      '0',
      '1000x700x24',
      '-nolisten',
      'tcp',
      '-ac',
      '-fbdir',
      folder,
    ]);
    const [number] = (await once(screen.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    const desktop = new Desktop(lab, user, folder, `:${String(number).trim()}`);
    // Between the parts stand signs that no text of Postern has.
    desktop.#script(
      'record',
      `printf '%s\\037%s\\037%s\\036' "$DUNST_SUMMARY" "$DUNST_BODY" "$DUNST_URGENCY" >>"${join(folder, 'shown')}"`,
    );
    // What a person chooses in the menu that dunst opens: the line that has these words.
    desktop.#script(
      'choose',
      `grep -m 1 -F -- "$(cat "${join(folder, 'choice')}")" | tee -a "${join(folder, 'chosen')}"`,
    );
    desktop.#script('xdg-open', `printf '%s\\n' "$1" >>"${join(folder, 'opened')}"`);
    for (const name of ['shown', 'opened', 'choice', 'chosen']) {
      appendFileSync(join(folder, name), '');
      chmodSync(join(folder, name), 0o666);
    }
    // The panel asks for its settings; any other service would be one that the test did not start.
    mkdirSync(join(folder, 'services'));
    copyFileSync(
      '/usr/share/dbus-1/services/org.xfce.Xfconf.service',
      join(folder, 'services/org.xfce.Xfconf.service'),
    );
    writeFileSync(join(folder, 'bus.conf'), busConfig(desktop.busPath));
    writeFileSync(
      join(folder, 'dunstrc'),
      `[global]\ndmenu = ${join(folder, 'bin/choose')}\nmarkup = full\nidle_threshold = 0\n` +
        `width = 420\nheight = 400\nnotification_limit = 20\n[record]\nscript = ${join(folder, 'bin/record')}\n`,
    );
    await desktop.startBus();
    await desktop.startDunst();
    return desktop;
  }

  #script(name: string, text: string): void {
    writeFileSync(join(this.folder, 'bin', name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }

  /** Starts a program on this desktop. */
  spawn(command: readonly string[]): ChildProcess {
    return this.#lab.spawn([...this.#env, ...command], { user: this.user });
  }

  run(command: readonly string[]): Promise<Ran> {
    return this.#lab.run([...this.#env, ...command], { user: this.user });
  }

  async startBus(): Promise<void> {
    this.#bus = this.spawn([
      'dbus-daemon',
      `--config-file=${join(this.folder, 'bus.conf')}`,
      '--nofork',
      '--nopidfile',
    ]);
    await this.#until(() => existsSync(this.busPath), 'the session bus');
  }

  async killBus(): Promise<void> {
    await this.#kill(this.#bus);
    spawnSync('rm', ['-f', this.busPath]);
  }

  async startDunst(): Promise<void> {
    const child = this.spawn(['dunst', '-conf', join(this.folder, 'dunstrc')]);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.said += text;
    });
    this.#dunst = child;
    const there = async () => (await this.run(['dunstctl', 'count', 'displayed'])).code === 0;
    await this.#until(there, 'the notification daemon');
  }

  async killDunst(): Promise<void> {
    await this.#kill(this.#dunst);
  }

  /** The lab's processes are `sh`, `env` and the like, each of which becomes the program. */
  async #kill(child: ChildProcess | undefined): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  agent(postern: Postern, args: readonly string[] = []): ChildProcess {
    const child = this.spawn([`${bin}-agent`, '--runtime-dir', join(postern.folder, 'run'), ...args]);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.said += text;
    });
    return child;
  }

  /** Every notification that was shown or changed so far, the oldest first. */
  shown(): Shown[] {
    const records = readFileSync(join(this.folder, 'shown'), 'utf8').split('\u001e').slice(0, -1);
    return records.map((record) => {
      const [title = '', body = '', urgency = ''] = record.split('\u001f');
      return { title, body, urgency };
    });
  }

  opened(): string[] {
    return readFileSync(join(this.folder, 'opened'), 'utf8').split('\n').slice(0, -1);
  }

  /** How many notifications stand on the screen now. */
  async displayed(): Promise<number> {
    return Number((await this.run(['dunstctl', 'count', 'displayed'])).stdout);
  }

  /** Presses the button with these words, once it is there. */
  async press(words: string): Promise<void> {
    const chosen = join(this.folder, 'chosen');
    writeFileSync(chosen, '');
    writeFileSync(join(this.folder, 'choice'), words);
    const isChosen = () => readFileSync(chosen, 'utf8') !== '';
    await this.#until(async () => {
      if (isChosen()) return true;
      await this.run(['dunstctl', 'context']);
      await new Promise((resolve) => setTimeout(resolve, 300));
      return isChosen();
    }, `the button "${words}"`);
  }

  async #until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const end = performance.now() + 60_000;
    while (!(await isSo())) {
      if (performance.now() > end) throw new Error(`${what} did not come: ${this.said}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
