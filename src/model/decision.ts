// Decision: what the policy says of an attempt, with the rule, the trace and the revision.

import type { RefusalErrno } from './rule.ts';

export type DecidedAction = 'allow' | 'reject' | 'drop' | 'ask';

/** The fields of an attempt that `decide` may consult; the masks of the kernel's flow cache are made of them. */
export const fields = [
  'process.pid',
  'process.exe',
  'process.script',
  'process.sha256',
  'process.package',
  'process.unit',
  'process.container',
  'process.flatpak',
  'process.snap',
  'process.appimage',
  'process.kernel',
  'process.ancestors',
  'process.args',
  'process.uid',
  'process.gid',
  'process.groups',
  'process.cgroup',
  'process.label',
  'process.seeded',
  'flow.protocol',
  'flow.icmp',
  'flow.direction',
  'flow.local.address',
  'flow.local.port',
  'flow.remote.address',
  'flow.remote.port',
  'flow.interface',
  'names',
  /** The network that the machine is on, and its profile. */
  'machine.network',
] as const;
export type Field = (typeof fields)[number];

export interface TraceStep {
  readonly rule: string;
  /** A sentence: why the rule did not match, or that it did. */
  readonly why: string;
}

export interface Decision {
  readonly action: DecidedAction;
  /** The deciding rule; null when the mode decided. */
  readonly rule: string | null;
  readonly by: 'rule' | 'mode';
  readonly revision: number;
  /** Names of the matching `log` rules, and the deciding rule when it says `log: true`. */
  readonly logged: readonly string[];
  /** It is for a command of `postern run` that is over: of what that did, nothing new is told. */
  readonly over?: true;
  /** What a call that is refused in the kernel fails with, where the rule says so. */
  readonly errno?: RefusalErrno;
}

/** What `explain` says: the decision with its reasons. */
export interface Explanation extends Decision {
  readonly depends: readonly Field[];
  readonly trace: readonly TraceStep[];
}
