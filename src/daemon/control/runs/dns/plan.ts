// What the stub of one command asks and tells the command's run.
import type { Address } from '#model/net/address.ts';

export interface Upstream {
  readonly address: Address;
  readonly port: number;
}

/** What an answer says of a name; given before the answer is. */
export interface DnsLesson {
  readonly name: string;
  /** The name that the addresses belong to, where it is another one. */
  readonly canonical?: string;
  /** `ttl` in seconds, as the name servers said it. */
  readonly addresses: { readonly address: Address; readonly ttl: number }[];
}

/**
 * `name`: no rule allows it; `type`: not of a type that is answered; `malformed`: no question that could be read; `upstream`: no name
 * server answered; `address`: the answer has an address that no other machine has; `flood`: too many at once.
 */
export type RefusalReason = 'name' | 'type' | 'malformed' | 'upstream' | 'address' | 'flood';

export interface DnsStubPlan {
  /** Name servers asked for the command, in order. */
  readonly upstreams: readonly Upstream[];
  /** Whether some rule of the command allows this name (lower case, without the final dot). */
  allows(name: string): boolean;
  /** An answer was given: before it is sent on, what it says is made known; resolves when the answer may be sent. */
  learned(lesson: DnsLesson): Promise<void>;
  /** A question that was not answered. `name` is as it was asked, with whatever search domain; empty where it could not be read. */
  refused(question: { name: string; type: string; reason: RefusalReason }): void;
  /** A question that was answered, also with "there is none". */
  answered(question: { name: string; type: string }): void;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}
