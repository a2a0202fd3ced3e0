// The lab's network: a guarded host and the world, two network namespaces joined by a cable, with addresses of the
// documentation ranges. Nothing of it touches the machine's own network.
import { execFileSync } from 'node:child_process';

export const host = { v4: '192.0.2.1', v6: '2001:db8::1' } as const;
export const world = {
  v4: '192.0.2.2',
  v6: '2001:db8::2',
  /** More addresses of the world, all reached through the cable. */
  others: ['198.51.100.7', '203.0.113.9', '8.8.8.8'],
} as const;

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });

export interface Namespaces {
  readonly host: string;
  readonly world: string;
}

export function makeNamespaces(prefix: string): Namespaces {
  const names = { host: `${prefix}-a`, world: `${prefix}-b` };
  ip('netns', 'add', names.host);
  ip('netns', 'add', names.world);
  // Nobody looks for a router there: what the kernel sends by itself some seconds later would be counted with what tests send.
  const quiet = 'echo 0 >/proc/sys/net/ipv6/conf/default/router_solicitations';
  for (const name of [names.host, names.world]) ip('netns', 'exec', name, 'sh', '-c', quiet);
  ip('-n', names.host, 'link', 'add', 'lab0', 'type', 'veth', 'peer', 'name', 'lab1', 'netns', names.world);
  for (const [name, link, ends] of [
    [names.host, 'lab0', host],
    [names.world, 'lab1', world],
  ] as const) {
    ip('-n', name, 'address', 'add', `${ends.v4}/24`, 'dev', link);
    ip('-n', name, 'address', 'add', `${ends.v6}/64`, 'dev', link, 'nodad');
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'link', 'set', link, 'up');
  }
  for (const address of world.others) ip('-n', names.world, 'address', 'add', `${address}/32`, 'dev', 'lo');
  ip('-n', names.host, 'route', 'add', 'default', 'via', world.v4);
  return names;
}
