// A gate that holds every packet and never judges: for tests of what comes after it. The queue's socket is descriptor 3.
import { Netfilter } from '#kernel/netfilter/netfilter.ts';
import { SocketLookup } from '#kernel/netlink/socketlookup.ts';

const kernel = new Netfilter({
  queueFd: 3,
  queueNumber: 20559,
  packetShift: 28,
  conntrackShift: 24,
  lookup: new SocketLookup(),
  beforeBatch: () => {},
});
kernel.onPacket(() => process.stdout.write('held\n'));
await kernel.applyRules({
  mode: 'ask',
  failMode: 'known',
  forward: false,
  kernelRules: { output: [], input: [], forward: [] },
});
process.stdout.write('ready\n');
