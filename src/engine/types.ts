// What goes into the engine and what comes out of it: closed unions of plain values.
import type { Attempt } from '#model/attempt.ts';
import type { Connection, Reason, Totals } from '#model/connection.ts';
import type { Decision } from '#model/decision.ts';
import type { Flow } from '#model/flow.ts';
import type { Settings } from '#model/messages.ts';
import type { Evidence, Process } from '#model/process.ts';
import type { Answer, Prompt, PromptOutcome } from '#model/prompt.ts';
import type { NamePattern } from '#policy/match/name.ts';
import type { FirstPacket } from '#wire/firstwords/payload.ts';

/** The only thing that decides; `policy/` compiles it. Pure: same attempt, same revision, same instant, same decision. */
export interface Decider {
  readonly revision: number;
  /** `now` in milliseconds since 1970, for rules that expire. */
  decide(attempt: Attempt, now: number): Decision;
  /** What an explicit rule says of a packet whatever its program is; undefined: that takes the program, or the mode. */
  whoever?(attempt: Attempt): { readonly rule: string; readonly action: 'allow' | 'reject' | 'drop' } | undefined;
  /** Whether what the flow says first of its name may make another decision of this one. Without it no rule asks for names. */
  listens?(attempt: Attempt, decision: Decision, now: number): boolean;
}

/** One call of the engine: when it is, and the effects that it has had so far. */
export interface Turn {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly out: Effect[];
}

/** A struct owner of bpf/shared.h, in bytes. */
export type Caller = Uint8Array;

/** A packet in the kernel's queue, waiting for exactly one verdict. */
export interface QueuedPacket {
  /** The kernel's packet id in the queue. */
  readonly id: number;
  readonly flow: Flow;
  /** flowKey(flow), computed once by the reader. */
  readonly key: string;
  /** Effective uid and gid of the socket's owner; on output only, and not for kernel-made packets. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** The packet mark, 0 when there is none. A packet with somebody else's mark is refused without ours. */
  readonly mark: number;
  /** Who called, where the kernel's programs wrote it down; the engine only passes it on to attribution. */
  readonly caller?: Caller | undefined;
  /** It opens a TCP connection: SYN without ACK. The same addresses and ports may have had a connection before. */
  readonly opens?: boolean | undefined;
  /** Its socket was made in the cgroup of a confined command; said only where no program of the kernel knows who is confined. */
  readonly confined?: true | undefined;
  /** What it carries of TCP or UDP, on output and while rules ask for names. */
  readonly words?: FirstPacket | undefined;
  /** Of a TCP connection that the kernel let begin by itself: the sequence number of its opening. */
  readonly began?: number | undefined;
}

/** A copy of a packet that was not held: `observe`, or a flow that the kernel decided by itself. */
export interface CopiedPacket extends Omit<QueuedPacket, 'id'> {
  /** What the kernel decided, and by which rule; null in `observe`. */
  readonly decided: DecidedByKernel | null;
}

export interface DecidedByKernel {
  /** null: by the mode. undefined: it is not known any more, and the policy is asked. */
  readonly rule: string | null | undefined;
  readonly action: 'allow' | 'reject' | 'drop';
  /** The kernel counts the rule's hits itself. */
  readonly counted?: true;
}

/** The answer of attribution. `process` undefined: not found in time. */
export interface Attribution {
  readonly process: Process | undefined;
  readonly evidence: readonly Evidence[];
  /** The call by which it was found, where a program of the kernel saw it. */
  readonly caller?: Caller | undefined;
  /** Those of the far end that count for this process. */
  readonly names?: Attempt['names'] | undefined;
}

export type EngineEvent =
  | { readonly type: 'packet'; readonly packet: QueuedPacket }
  | { readonly type: 'copy'; readonly packet: CopiedPacket }
  /** Reply to an `attribute` effect, at once or later; a ticket the engine no longer knows is ignored. */
  | { readonly type: 'attributed'; readonly ticket: number; readonly attribution: Attribution }
  /** With `name` only for flows whose far end is called so; the others of the question stay asked. */
  | {
      readonly type: 'answer';
      readonly prompt: string;
      readonly answer: Answer;
      readonly name?: NamePattern | undefined;
    }
  /** A new policy, new settings or both: everything pending and remembered is decided anew. */
  | { readonly type: 'policy'; readonly policy: Decider; readonly settings: Settings }
  /** The socket of the flow with this key is closed: its record is complete, and the key may come again for another one. */
  | { readonly type: 'ended'; readonly key: string; readonly totals: Totals }
  /** The far end of these flows has other names now, for those whose flows they are: what hangs on that is decided anew. */
  | { readonly type: 'named'; readonly flows: readonly { readonly key: string; readonly names: Attempt['names'] }[] }
  /** Nothing happened but time: deadlines are looked at. */
  | { readonly type: 'tick' }
  /** The gate stops: every held packet gets the unanswered default. */
  | { readonly type: 'stop' };

export type Verdict = 'accept' | 'reject' | 'drop';

export interface VerdictKind {
  /** Only these packets are lost: the flow still waits, so that the kernel must not remember a refusal of it. */
  readonly passing?: true | undefined;
  /** `begin`: packets of this connection that carry something come here too, until `end`. */
  readonly listen?: 'begin' | 'end' | undefined;
  /** The sequence number with which it began, where that is known. */
  readonly began?: number | undefined;
}

export type Effect =
  /** Exactly one verdict for each id. `mark` is the packets' own mark, one for each id. */
  | ({
      readonly type: 'verdict';
      readonly verdict: Verdict;
      readonly flow: Flow;
      readonly packets: readonly { readonly id: number; readonly mark: number }[];
    } & VerdictKind)
  /** Find the program behind this flow and come back with `attributed`. */
  | {
      readonly type: 'attribute';
      readonly ticket: number;
      readonly flow: Flow;
      readonly uid: number | undefined;
      readonly gid: number | undefined;
      readonly caller: Caller | undefined;
      readonly confined?: true | undefined;
    }
  | { readonly type: 'prompt-opened'; readonly prompt: Prompt }
  | { readonly type: 'prompt-changed'; readonly prompt: Prompt }
  | {
      readonly type: 'prompt-closed';
      readonly id: string;
      readonly outcome: PromptOutcome;
      readonly action: 'allow' | 'reject' | 'drop';
    }
  /** A row for the journal, new or changed (same id). */
  | { readonly type: 'connection'; readonly connection: Connection }
  | { readonly type: 'hit'; readonly rule: string }
  /** A counter of model/status.ts goes up. */
  | {
      readonly type: 'count';
      readonly reason: Reason | 'prompt' | 'answered' | 'expired' | 'said' | 'unheard' | 'silent';
    }
  /** This flow was allowed and is not any more: take its bit from conntrack, and destroy its socket when it is refused. */
  | { readonly type: 'revoke'; readonly flow: Flow; readonly key: string; readonly action: 'reject' | 'drop' | 'ask' };
