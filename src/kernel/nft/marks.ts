// The bits that are ours: three in the packet mark, only on packets on their way to being refused or of confined programs, and five in the conntrack mark.

export interface Marks {
  /** Packet marks of a packet that the gate refused; compared as a whole, since a packet with a foreign mark never gets them. */
  readonly reject: number;
  readonly drop: number;
  /** Packet bit of what a confined program sends, while it passes our chains. */
  readonly confined: number;
  /** Conntrack bits: the flow was allowed out, in, forwarded. */
  readonly out: number;
  readonly in: number;
  readonly forward: number;
  /** Conntrack bit of a refused packet, so that the RST or ICMP error about it passes. */
  readonly refused: number;
  /** Conntrack bit of a connection of which enough was heard: while rules ask for names, what others send out is queued. */
  readonly heard: number;
}

/**
 * Three neighbouring bits from `packetShift` (0–29) and five from `conntrackShift` (0–27). The defaults keep clear of
 * wg-quick (0xca6c), Tailscale (0xff0000) and kube-proxy (0xc000).
 */
export function marksAt(packetShift = 28, conntrackShift = 24): Marks {
  const conntrack = (index: number) => (1 << (conntrackShift + index)) >>> 0;
  return {
    reject: (1 << packetShift) >>> 0,
    drop: (1 << (packetShift + 1)) >>> 0,
    confined: (1 << (packetShift + 2)) >>> 0,
    out: conntrack(0),
    in: conntrack(1),
    forward: conntrack(2),
    refused: conntrack(3),
    heard: conntrack(4),
  };
}

/** All of our conntrack bits. */
export function conntrackMask(marks: Marks): number {
  return (marks.out | marks.in | marks.forward | marks.refused | marks.heard) >>> 0;
}
