// Containers of the lab: a program in namespaces of its own (user, network, pid, mount) and a cgroup named as engines name them,
// joined to the guarded host by a cable.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab, Talker } from './lab.ts';

const intoCgroup = 'mkdir -p "$0" && echo 0 >"$0/cgroup.procs" && exec "$@"';

export interface ContainerPlan {
  /** Its own address; the host has 1 as the last byte of the same network. */
  readonly address: string;
  /** As an engine names its cgroup, with groups below it. */
  readonly cgroup: string;
}

export class Container {
  readonly #talker: Talker;
  /** Of the program inside, as the host counts. */
  readonly pid: number;

  private constructor(talker: Talker, pid: number) {
    this.#talker = talker;
    this.pid = pid;
  }

  static async start(lab: Lab, { address, cgroup }: ContainerPlan): Promise<Container> {
    const talker = lab.talker([
      ...['sh', '-c', intoCgroup, join(lab.cgroup, cgroup)],
      ...['unshare', '--user', '--map-root-user', '--net', '--pid', '--mount', '--fork', '--kill-child'],
      ...['python3', join(import.meta.dirname, 'container.py')],
    ]);
    await talker.say();
    const outer = talker.child.pid as number;
    const gateway = address.replace(/\d+$/, '1');
    const link = `c${address.split('.').slice(-2).join('-')}`;
    const host = (...args: string[]) => execFileSync('ip', ['-n', lab.names.host, ...args]);
    host('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(outer));
    const inside = (...command: string[]) => execFileSync('nsenter', [`--net=/proc/${outer}/ns/net`, ...command]);
    // Nobody speaks IPv6 there: what the kernel would send by itself would be counted with what tests send.
    const quiet = (name: string) => ['sh', '-c', `echo 1 >/proc/sys/net/ipv6/conf/${name}/disable_ipv6`];
    execFileSync('nsenter', [`--net=/run/netns/${lab.names.host}`, ...quiet(link)]);
    inside(...quiet('all'));
    host('address', 'add', `${gateway}/24`, 'dev', link);
    host('link', 'set', link, 'up');
    inside('ip', 'link', 'set', 'lo', 'up');
    inside('ip', 'address', 'add', `${address}/24`, 'dev', 'eth0');
    inside('ip', 'link', 'set', 'eth0', 'up');
    inside('ip', 'route', 'add', 'default', 'via', gateway);
    const [pid] = readFileSync(`/proc/${outer}/task/${outer}/children`, 'utf8').trim().split(' ').map(Number);
    return new Container(talker, pid as number);
  }

  /** One line of container.py, and what became of it. */
  run(line: string): Promise<string> {
    return this.#talker.say(line);
  }
}

/** Forwards, and hides what the containers send behind the host's own address; in the lab's host alone. */
export function routeContainers(lab: Lab): void {
  const inHost = (...command: string[]) => execFileSync('nsenter', [`--net=/run/netns/${lab.names.host}`, ...command]);
  inHost('sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward');
  inHost('nft', 'add table ip lab_nat; add chain ip lab_nat post { type nat hook postrouting priority 100; }');
  inHost('nft', 'add rule ip lab_nat post oifname "lab0" masquerade');
}
