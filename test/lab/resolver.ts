// A real name server in the world, under the address that this machine's resolv.conf names, so that every program asks it.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readResolvers } from '../../src/daemon/control/machine.ts';
import { type Address, formatAddress } from '../../src/model/net/address.ts';
import type { Lab } from './lab.ts';

export class Resolver {
  readonly address: string;
  readonly #lab: Lab;
  readonly #inWorld: boolean;
  #child: ChildProcess | undefined;

  /** At an address of the world that it has already, or else at the one that this machine is configured to ask. */
  constructor(lab: Lab, address?: string) {
    this.#lab = lab;
    const [first] = readResolvers();
    if (address === undefined && first === undefined) throw new Error('/etc/resolv.conf names no name server');
    this.address = address ?? formatAddress(first as Address);
    // A stub of the machine's own answers on its loopback, and so does ours on the lab's.
    this.#inWorld = !this.address.startsWith('127.') && this.address !== '::1';
    if (address === undefined && this.#inWorld) lab.address(this.address);
  }

  /** Lines of dnsmasq.conf(5), each an option without its dashes: `host-record=a.example,192.0.2.7,30`. */
  async start(lines: readonly string[]): Promise<void> {
    await this.stop();
    const options = [
      'no-daemon',
      'no-resolv',
      'no-hosts',
      'bind-interfaces',
      'user=root',
      'pid-file=',
      'conf-file=/dev/null',
    ];
    const all = [...options, `listen-address=${this.address}`, 'except-interface=none', 'log-facility=-', ...lines];
    const child = this.#lab.spawn(['/usr/sbin/dnsmasq', ...all.map((line) => `--${line}`)], { world: this.#inWorld });
    this.#child = child;
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const ended = once(child, 'exit').then(() => {
      throw new Error(`the name server ended: ${said}`);
    });
    ended.catch(() => {});
    while (!said.includes('started')) await Promise.race([once(child.stderr as NodeJS.ReadableStream, 'data'), ended]);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}
