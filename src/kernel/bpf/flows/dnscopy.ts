// A copy of what passed between a program and a name server: as bpf/names.h writes it into the ring, or as NFLOG gives it.
import type { Flow } from '#model/flow.ts';
import { type PacketFields, TCP_FIN, TCP_RST, TCP_SYN } from '#wire/ip.ts';
import { layouts } from '../layout.ts';
import { readFlow } from './flowbytes.ts';
import { dnsFlags, flowEvents, flowLayouts } from './layout.ts';

const { event_dns: layout } = flowLayouts;

export interface DnsCopy {
  /** `out`: a question on its way; `in`: an answer. The far end is the name server. */
  readonly flow: Flow;
  /** Whose socket it is: pid and boot-time nanoseconds of its exec; undefined where no call of it was seen. */
  readonly run: { readonly pid: number; readonly exec: bigint } | undefined;
  /** The number of the socket since boot; undefined where no eBPF program copied it. */
  readonly cookie: bigint | undefined;
  /** The socket is of another network namespace, where addresses are its program's choice. */
  readonly guest: boolean;
  /** Of TCP: what a stream is put together by. */
  readonly segment: { readonly sequence: number; readonly begins: boolean; readonly ends: boolean } | undefined;
  /** Valid during the call. Not all of it where `cut`. */
  readonly payload: Buffer;
  readonly cut: boolean;
}

/** Reads the event that begins at `at`; undefined for one of another kind. */
export function decodeDnsCopy(bytes: Buffer, view: DataView, at: number): DnsCopy | undefined {
  if (view.getUint32(at + layouts.event.type, true) !== flowEvents.dns) return undefined;
  const flow = readFlow(bytes, at + layout.flow);
  if (flow === undefined) return undefined;
  const pid = view.getUint32(at + layout.tgid, true);
  const flags = view.getUint16(at + layout.flags, true);
  const start = at + layout.size;
  return {
    flow,
    run: pid === 0 ? undefined : { pid, exec: view.getBigUint64(at + layout.exec, true) },
    cookie: view.getBigUint64(at + layout.cookie, true),
    guest: (flags & dnsFlags.guest) !== 0,
    segment:
      flow.protocol === 'tcp'
        ? {
            sequence: view.getUint32(at + layout.sequence, true),
            begins: (flags & dnsFlags.begins) !== 0,
            ends: (flags & dnsFlags.ends) !== 0,
          }
        : undefined,
    payload: bytes.subarray(start, start + view.getUint32(at + layout.length, true)),
    cut: view.getUint16(at + layout.cut, true) !== 0,
  };
}

/** Of a packet that was read into `fields`, and of which the bytes up to `end` were copied; undefined for one that carries nothing. */
export function dnsCopyOf(bytes: Buffer, end: number, fields: PacketFields, flow: Flow): DnsCopy | undefined {
  const { transport: at, tcpFlags } = fields;
  const tcp = flow.protocol === 'tcp';
  if (end < at + (tcp ? 20 : 8)) return undefined;
  const start = at + (tcp ? ((bytes[at + 12] as number) >> 4) * 4 : 8);
  const segment = tcp
    ? {
        sequence: bytes.readUInt32BE(at + 4),
        begins: (tcpFlags & TCP_SYN) !== 0,
        ends: (tcpFlags & (TCP_FIN | TCP_RST)) !== 0,
      }
    : undefined;
  const payload = bytes.subarray(Math.min(start, end), end);
  if (payload.length === 0 && segment?.begins !== true && segment?.ends !== true) return undefined;
  // The UDP header says how much there was; of TCP a hole is found by the sequence numbers.
  const cut = !tcp && bytes.readUInt16BE(at + 4) > end - at;
  return { flow, run: undefined, cookie: undefined, guest: false, segment, payload, cut };
}
