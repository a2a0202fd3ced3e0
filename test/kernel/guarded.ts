// This test process in a cgroup and a network namespace of its own, with the kernel's programs at both and a gate that judges by
// a function of the test: for tests of what the programs know, without the daemon.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import type { Caller, QueuedPacket, Verdict } from '#engine/types.ts';
import { KernelFlows } from '#kernel/bpf/flows/kernelflows.ts';
import { installKernelPath } from '#kernel/bpf/install.ts';
import { layouts } from '#kernel/bpf/layout.ts';
import { libbpf } from '#kernel/bpf/libbpf.ts';
import { Pins } from '#kernel/bpf/pins.ts';
import { Netfilter } from '#kernel/netfilter/netfilter.ts';
import { netnsCookie } from '#kernel/netlink/netnscookie.ts';
import { NetlinkSocket, netlinkFamilies } from '#kernel/netlink/socket.ts';
import { SocketLookup } from '#kernel/netlink/socketlookup.ts';
import type { Decision } from '#model/decision.ts';
import type { FlowMask } from '#policy/cache/mask.ts';
import { pinsFolder } from './bpf/watched.ts';
import { enterCgroup } from './cgroup.ts';
import { enterPair, type Pair } from './pair.ts';

const nothing: FlowMask = {
  ...{ executable: false, process: false, uid: false, gid: false, cgroup: false, protocol: false, port: false },
  local: false,
  loopback: false,
  remoteBits: 0,
  names: false,
};
const decision = (action: Decision['action']): Decision => ({ action, rule: 'r', by: 'rule', revision: 1, logged: [] });

export const pidOf = ({ caller }: QueuedPacket): number | undefined =>
  caller && Buffer.from(caller).readUInt32LE(layouts.owner.tgid);

export interface Guarded {
  readonly pair: Pair;
  readonly cgroup: string;
  readonly pins: Pins;
  readonly flows: KernelFlows;
  readonly kernel: Netfilter;
  /** What came to the queue since `forget`; neighbour discovery goes on beside and is left out. */
  seen: QueuedPacket[];
  judge(packet: QueuedPacket): Verdict;
  /** Before each batch of packets, as the gate does. */
  beforeBatch(): void;
  teach(packet: QueuedPacket, action: Decision['action'], mask: Partial<FlowMask>): void;
  /** Whatever was taught is forgotten. */
  forget(): void;
}

/** Call once, at the top of a test file. */
export async function guard(): Promise<Guarded> {
  const pair = enterPair();
  const cgroup = enterCgroup();
  // Before the pins go.
  let close = async () => {};
  after(() => close());
  const pins = Pins.of(pinsFolder());
  const path = installKernelPath(pins);
  assert.notEqual(path.tier, 'none', path.reason);
  const lib = libbpf();
  assert.ok(!('missing' in lib));
  const netns = netnsCookie();
  const opened = KernelFlows.open(lib, pins, { cgroup, netns: netns.ok ? netns.value : 0n, build: 'test' });
  assert.ok(opened.ok, opened.ok ? '' : opened.error);
  const flows = opened.value;
  const queueSocket = new NetlinkSocket({ family: netlinkFamilies.netfilter });
  queueSocket.setReceiveBuffer(1 << 24);
  queueSocket.setOption('noEnobufs', 1);
  const kernel = new Netfilter({
    queueFd: queueSocket.fd,
    queueNumber: 20559,
    packetShift: 28,
    conntrackShift: 24,
    lookup: new SocketLookup(),
    flows,
    beforeBatch: () => guarded.beforeBatch(),
  });
  const guarded: Guarded = {
    ...{ pair, cgroup, pins, flows, kernel, seen: [] },
    judge: () => 'accept',
    beforeBatch: () => {},
    teach(packet, action, mask) {
      const lesson = { caller: packet.caller as Caller, flow: packet.flow, mask: { ...nothing, ...mask } };
      const { generation } = flows.cache;
      assert.ok(flows.cache.teach({ ...lesson, decision: decision(action), lifetimeMs: Infinity }, generation));
    },
    forget() {
      flows.cache.swap(flows.cache.generation + 1);
      guarded.seen = [];
    },
  };
  kernel.onPacket((packet) => {
    if (packet.flow.protocol !== 'icmpv6') guarded.seen.push(packet);
    kernel.verdict([packet], guarded.judge(packet), packet.flow);
  });
  close = async () => {
    await kernel.close();
    flows.close();
  };
  const stands = await kernel.applyRules({
    mode: 'ask',
    failMode: 'known',
    forward: false,
    kernelRules: { output: [], input: [], forward: [] },
  });
  assert.ok(stands.ok, stands.ok ? '' : stands.error);
  return guarded;
}
