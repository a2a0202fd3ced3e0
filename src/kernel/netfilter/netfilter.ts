// The real kernel behind KernelPort: the packet queue, the copies, conntrack, and our one nft table.
import type { CopiedPacket, QueuedPacket, Verdict, VerdictKind } from '#engine/types.ts';
import { type Flow, flowKey } from '#model/flow.ts';
import { enforces } from '#model/mode.ts';
import { protocolNumbers } from '#model/net/protocol.ts';
import type { QueueKind } from '#model/status.ts';
import { ok, type Result } from '#std/result.ts';
import { parsePayload } from '#wire/firstwords/payload.ts';
import { directionOfHook, flowFromPacket } from '#wire/flow.ts';
import { createPacketFields, parsePacket, TCP_ACK, TCP_SYN } from '#wire/ip.ts';
import type { LogMessage } from '#wire/nflog.ts';
import { NF_ACCEPT, NF_DROP, type QueueMessage } from '#wire/nfqueue.ts';
import { callerIds } from '../bpf/flows/callers.ts';
import { type DnsCopy, dnsCopyOf } from '../bpf/flows/dnscopy.ts';
import type { KernelFlows } from '../bpf/flows/kernelflows.ts';
import { interfaceName } from '../netlink/interfaces.ts';
import type { SocketLookup } from '../netlink/socketlookup.ts';
import { socketsOf } from '../nft/confined.ts';
import { parseCopyPrefix } from '../nft/kernelrules.ts';
import { type Marks, marksAt } from '../nft/marks.ts';
import { copyBytes } from '../nft/observetable.ts';
import { namesBytes, namesGroup } from '../nft/questions.ts';
import { Table } from '../nft/standing.ts';
import { copyGroup } from '../nft/table.ts';
import type { KernelCounters, KernelPlan, KernelPort } from '../port.ts';
import { Conntrack } from './conntrack.ts';
import { Copies } from './copies.ts';
import { PacketQueue, queueFigures } from './queue.ts';

export interface NetfilterOptions {
  /** The queue's netlink socket, which the supervisor opened and keeps. */
  readonly queueFd: number;
  readonly queueNumber: number;
  readonly packetShift: number;
  readonly conntrackShift: number;
  readonly lookup: SocketLookup;
  /** The folder of the cgroup whose sockets alone are judged; left out: all of the network namespace. */
  readonly onlyCgroup?: string | undefined;
  /** The kernel's own knowledge of flows, where BPF is: then conntrack is not used, but for forwarded flows. */
  readonly flows?: KernelFlows | undefined;
  /** What the kernel said of processes before these packets is heard first. */
  beforeBatch(): void;
  /** What passes between programs and name servers, where no eBPF program tells it. */
  onDns?(copy: DnsCopy, sender: Pick<QueuedPacket, 'uid' | 'gid'>): void;
}

export class Netfilter implements KernelPort {
  readonly #options: NetfilterOptions;
  readonly #marks: Marks;
  readonly #queue: PacketQueue;
  readonly #copies: Copies;
  /** Of what name servers are asked and answer; none where eBPF is. */
  readonly #names: Copies | undefined;
  readonly #conntrack: Conntrack;
  readonly #table: Table;
  readonly #fields = createPacketFields();
  #enforcing = false;
  #copied: KernelPlan['copied'];
  #forward = false;
  #listens = false;
  #questionsQueued = false;
  #onPacket: (packet: QueuedPacket) => void = () => {};
  #onCopy: (packet: CopiedPacket) => void = () => {};
  readonly #counts = {
    packets: 0,
    accepted: 0,
    rejected: 0,
    dropped: 0,
    copies: 0,
    malformed: 0,
    badMessages: 0,
    heldLost: 0,
    noBuffers: 0,
  };

  constructor(options: NetfilterOptions) {
    this.#options = options;
    this.#marks = marksAt(options.packetShift, options.conntrackShift);
    this.#conntrack = new Conntrack(this.#marks);
    this.#table = new Table({
      marks: this.#marks,
      queueNumber: options.queueNumber,
      programs: options.flows?.programs,
      scope: options.onlyCgroup === undefined ? undefined : socketsOf(options.onlyCgroup),
    });
    this.#copies = new Copies({
      group: copyGroup,
      copyRange: copyBytes,
      beforeBatch: options.beforeBatch,
      onCopy: (bytes, message) => this.#readCopy(bytes, message),
      onMalformed: () => this.#badMessage(),
      onLost: () => {
        this.#counts.noBuffers += 1;
      },
    });
    this.#names =
      options.flows === undefined && options.onDns !== undefined
        ? new Copies({
            group: namesGroup,
            copyRange: namesBytes,
            beforeBatch: options.beforeBatch,
            onCopy: (bytes, message) => this.#readNames(bytes, message),
            onMalformed: () => this.#badMessage(),
            onLost: () => {
              this.#counts.noBuffers += 1;
            },
          })
        : undefined;
    this.#queue = new PacketQueue({
      fd: options.queueFd,
      number: options.queueNumber,
      beforeBatch: () => {
        options.beforeBatch();
        this.#names?.drain();
        // With programs no copy tells of a flow that is queued: to look costs each held packet a system call.
        if (options.flows === undefined) this.#copies.drain();
      },
      onPacket: (bytes, message) => this.#readPacket(bytes, message),
      onMalformed: (id) => {
        this.#badMessage();
        if (id !== 0) this.#queue.verdict(id, NF_DROP, undefined);
      },
      onGone: () => {
        this.#counts.heldLost += 1;
      },
      afterBatch: () => {},
    });
  }

  get queueKind(): QueueKind {
    return this.#table.queueKind;
  }

  onPacket(listener: (packet: QueuedPacket) => void): void {
    this.#onPacket = listener;
  }

  onCopy(listener: (packet: CopiedPacket) => void): void {
    this.#onCopy = listener;
  }

  #badMessage(): void {
    this.#counts.badMessages += 1;
  }

  /** The flow of a packet of which the bytes from `start` to `end` were copied; undefined when it is no IP packet of ours. */
  #flow(bytes: Buffer, message: QueueMessage | LogMessage): Flow | undefined {
    const direction = directionOfHook(message.hook);
    const end = message.payloadStart + message.payloadLength;
    if (direction === undefined || parsePacket(bytes, message.payloadStart, end, this.#fields) !== undefined) {
      this.#counts.malformed += 1;
      return undefined;
    }
    const index = direction === 'in' ? message.indev : message.outdev;
    return flowFromPacket(this.#fields, direction, interfaceName(index));
  }

  /** Of the packet that was just read: SYN without ACK. */
  #opens(): boolean {
    return this.#fields.protocol === protocolNumbers.tcp && (this.#fields.tcpFlags & (TCP_SYN | TCP_ACK)) === TCP_SYN;
  }

  #readPacket(bytes: Buffer, message: QueueMessage): void {
    this.#counts.packets += 1;
    const flow = this.#flow(bytes, message);
    if (flow === undefined) {
      this.#dropHere(message.id);
      return;
    }
    const { id } = message;
    const opens = this.#opens();
    const bit = this.#marks.confined;
    const mark = (message.mark & ~bit) >>> 0;
    const confined = mark === message.mark ? undefined : ({ confined: true } as const);
    const packet = { id, flow, key: flowKey(flow), mark, opens, ...confined, ...this.#sender(flow, message) };
    this.#onPacket(this.#listens ? { ...packet, ...this.#words(bytes, message, flow, opens) } : packet);
  }

  /** What a packet of a program's says: of the bytes, which are overwritten with the next batch, a copy. */
  #words(bytes: Buffer, message: QueueMessage, flow: Flow, opens: boolean): Pick<QueuedPacket, 'words' | 'began'> {
    if (flow.direction !== 'out') return {};
    const end = message.payloadStart + message.payloadLength;
    const words = parsePayload(bytes, message.payloadStart, end, this.#fields);
    if (words === undefined) return {};
    const began = opens ? undefined : this.#options.flows?.callers.began(flow);
    return { words: { ...words, payload: words.payload.slice() }, began };
  }

  /** Effective ids at the call where a program saw it, else those that the socket was made with. */
  #sender(flow: Flow, { uid, gid }: QueueMessage | LogMessage): Pick<QueuedPacket, 'uid' | 'gid' | 'caller'> {
    const caller = this.#options.flows?.callers.ofFlow(flow);
    if (caller === undefined) return { uid, gid };
    return flow.direction === 'in' ? { uid, gid, caller } : { ...callerIds(caller), caller };
  }

  #readNames(bytes: Buffer, message: LogMessage): void {
    const flow = this.#flow(bytes, message);
    if (flow === undefined || this.#fields.fragment !== 'none') return;
    const copy = dnsCopyOf(bytes, message.payloadStart + message.payloadLength, this.#fields, flow);
    if (copy !== undefined) this.#options.onDns?.(copy, { uid: message.uid, gid: message.gid });
  }

  #readCopy(bytes: Buffer, message: LogMessage): void {
    this.#counts.copies += 1;
    const flow = this.#flow(bytes, message);
    if (flow === undefined) return;
    const decided = this.#decider(bytes, message);
    // The packet itself comes through the queue.
    if (decided?.action === 'allow' && this.#questionsQueued && isQuestion(flow)) return;
    this.#onCopy({
      ...{ flow, key: flowKey(flow), ...this.#sender(flow, message), mark: message.mark },
      opens: this.#opens(),
      decided,
    });
  }

  /** The kernel rule that made the copy; null in `observe`, and for a copy of rules that were exchanged meanwhile. */
  #decider(bytes: Buffer, message: LogMessage): CopiedPacket['decided'] {
    const copied = this.#copied;
    if (copied === undefined || message.prefixLength === 0) return null;
    const prefix = bytes.toString('latin1', message.prefixStart, message.prefixStart + message.prefixLength);
    const index = parseCopyPrefix(prefix, copied.revision);
    return (index !== undefined && copied.rules[index]) || null;
  }

  verdict(
    packets: readonly { readonly id: number; readonly mark: number }[],
    verdict: Verdict,
    flow: Flow,
    { passing, listen, began }: VerdictKind = {},
  ): void {
    if (this.#options.flows === undefined && listen === 'end') this.#conntrack.heard(flow);
    else if (listen !== undefined && this.#options.flows?.callers.listen(flow, listen, began) === false) {
      // Nobody would hear what it says: it is sent again, and there may be room then.
      for (const { id } of packets) this.#dropHere(id);
      return;
    }
    for (const { id, mark } of packets) {
      if (passing === true && verdict === 'drop') this.#dropHere(id);
      else this.#judge(id, mark, verdict, flow);
    }
  }

  /** Ends a packet in the queue: no chain sees it, so that nothing is remembered of it. */
  #dropHere(id: number): void {
    this.#counts.dropped += 1;
    this.#queue.verdict(id, NF_DROP, undefined);
  }

  #judge(id: number, mark: number, verdict: Verdict, flow: Flow): void {
    switch (verdict) {
      case 'accept':
        this.#counts.accepted += 1;
        if (flow.protocol !== 'tcp' && flow.direction !== 'forward') this.#options.flows?.callers.accept(flow);
        this.#queue.verdict(id, NF_ACCEPT, undefined);
        return;
      case 'reject':
        this.#counts.rejected += 1;
        if (mark === 0) this.#queue.verdict(id, NF_ACCEPT, this.#marks.reject);
        else this.#refuseForeign(id, flow);
        return;
      case 'drop':
        if (mark !== 0) {
          this.#dropHere(id);
          return;
        }
        this.#counts.dropped += 1;
        this.#queue.verdict(id, NF_ACCEPT, this.#marks.drop);
        return;
    }
  }

  /** A packet with somebody else's mark must not get ours, which could route it elsewhere: it ends here, and so does its socket. */
  #refuseForeign(id: number, flow: Flow): void {
    this.#queue.verdict(id, NF_DROP, undefined);
    this.#queue.flush();
    if (flow.direction === 'out') this.#options.lookup.destroy(flow);
  }

  flush(): void {
    this.#queue.flush();
  }

  revoke(flow: Flow, action: 'reject' | 'drop' | 'ask'): void {
    // Before its bit is gone: the reset that tells the other end passes as a part of the connection.
    if (action === 'reject') this.#options.lookup.destroy(flow);
    if (this.#options.flows === undefined || flow.direction === 'forward') this.#conntrack.forget(flow);
    else this.#options.flows.callers.revoke(flow);
  }

  revokeUnless(isAllowed: (key: string) => boolean): number {
    // The generation of the policy voids what the programs know; conntrack then has only forwarded flows.
    return this.#options.flows === undefined || this.#forward ? this.#conntrack.forgetUnless(isAllowed) : 0;
  }

  async applyRules(plan: KernelPlan): Promise<Result<void>> {
    const enforcing = enforces(plan.mode);
    if (plan.mode !== 'off') {
      const problem = this.#copies.open() ?? this.#names?.open();
      if (problem !== undefined) return { ok: false, error: problem };
    }
    const listened = this.#listens;
    this.#listens = enforcing && plan.listens === true;
    if (enforcing) {
      // Bound before a packet can be sent to it: a queue without a listener drops.
      const problem = this.#queue.open(plan.failMode === 'open');
      if (problem !== undefined) return { ok: false, error: problem };
    }
    // The programs stand before the table asks them, and go after it.
    if (plan.mode !== 'off') {
      const stands = this.#options.flows?.stand(enforcing ? 'enforce' : 'observe', {
        forward: enforcing && plan.forward,
        listens: enforcing && plan.listens === true,
        packets: plan.mode === 'ask' || plan.mode === 'lockdown',
      });
      if (stands?.ok === false) return stands;
    }
    const before = this.#copied;
    this.#copied = plan.copied;
    const stands = await this.#table.stand(plan);
    if (!stands.ok) {
      this.#copied = before;
      this.#listens = listened;
      return stands;
    }
    if (plan.mode === 'off') this.#options.flows?.stand('off');
    this.#enforcing = enforcing;
    this.#forward = enforcing && plan.forward;
    this.#questionsQueued = enforcing && this.#options.flows === undefined;
    return ok(undefined);
  }

  followed(): void {
    if (!this.#enforcing) this.#queue.close();
  }

  /** Asks the kernel for the counts it keeps itself; `counters` then has them. */
  async refresh(): Promise<void> {
    await this.#table.refresh();
  }

  counters(): KernelCounters {
    const figures = queueFigures(this.#options.queueNumber);
    return {
      ...this.#counts,
      queueFull: figures?.full ?? 0,
      queueUserDropped: figures?.userDropped ?? 0,
      rateLimited: this.#table.counts.rateLimited,
      kernelRefused: this.#table.counts.refused,
    };
  }

  async close(): Promise<void> {
    this.flush();
    await this.#table.remove();
    this.#queue.close();
    this.#options.flows?.stand('off');
    if (this.#options.flows === undefined || this.#forward) this.#conntrack.forgetUnless(() => false);
    this.#conntrack.close();
    this.#copies.close();
    this.#names?.close();
  }
}

/** As nft/questions.ts has it. */
function isQuestion({ direction, protocol, remote }: Flow): boolean {
  return direction === 'out' && (protocol === 'udp' || protocol === 'tcp') && remote.port === 53;
}
