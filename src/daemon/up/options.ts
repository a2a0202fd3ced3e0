// What the supervisor hands to the two processes it starts, as one JSON argument each.

import type { UnixState } from '#kernel/bpf/unix/parts.ts';
import type { FailMode, Mode } from '#model/mode.ts';
import type { KernelPath } from '#model/status.ts';

/** Places of our bits: three in the packet mark, five in the conntrack mark. */
export const markShifts = { packet: 28, conntrack: 24 } as const;

export interface GateOptions {
  readonly runtimeDir: string;
  /** The user that the control plane runs as: the only one the gate listens to. */
  readonly controlUid: number;
  readonly queueNumber: number;
  /** What stands in the kernel, pinned below the runtime folder. */
  readonly kernelPath: KernelPath;
  /** Whether programs at Unix sockets are among it. */
  readonly unix: UnixState;
  /** Where eBPF is: the cgroup v2 folder whose sockets are judged, the cookie of the network namespace that is guarded. */
  readonly cgroup: string;
  /** The folder below which the commands of `postern run` have their cgroups; the same, where these alone are judged. */
  readonly runs: string;
  readonly netns: string;
  /** The socket of systemd-resolved's monitor; absent: it is not listened to. */
  readonly resolvedMonitor?: string;
  /** Places of our bits in the packet mark (three bits) and the conntrack mark (five bits). */
  readonly packetShift: number;
  readonly conntrackShift: number;
  /** Descriptors inherited from the supervisor; the connector's is absent where it could not be opened. */
  readonly queueFd: number;
  readonly connectorFd?: number;
}

export interface ControlOptions {
  readonly configDir: string;
  readonly stateDir: string;
  readonly runtimeDir: string;
  /** Absent: the mode of the last run, or `observe` the first time. */
  readonly mode?: Mode | undefined;
  /** Absent: what is set. */
  readonly failMode?: FailMode | undefined;
  readonly forward: boolean;
  readonly holdSeconds?: number | undefined;
  /** It guards the commands of `postern run` alone, and ends with the last of them. */
  readonly onlyRuns: boolean;
  /** Whether each new connection is printed in plain words. */
  readonly foreground: boolean;
  /** The port of 127.0.0.1 for the pages, 0 for any; null: no pages. */
  readonly pagesPort: number | null;
  /** The door to other machines; null: there is none. */
  readonly remote: RemoteOptions | null;
}

export interface RemoteOptions {
  /** An IP address of this machine, or 0.0.0.0 or :: for all. */
  readonly address: string;
  /** 0 for any. */
  readonly port: number;
  /** By which other machines call this one. */
  readonly names: readonly string[];
  /** Whether the supervisor hands a certificate over; else one is made. */
  readonly given: boolean;
}
