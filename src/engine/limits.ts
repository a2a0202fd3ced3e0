// How much may wait: the quotas of invariant 4 and the shares of the queue, worked out from the queue's length.

/** The kernel queue's length when nobody says otherwise (KERNEL section 2). */
export const defaultQueueLength = 16_384;

/** Flows that one user, or one remote address for what comes in, may have waiting for answers. */
export const maxFlowsOfUser = 256;
/** Flows of one app of one user that may wait for answers. */
export const maxFlowsOfApp = 64;
/** Packets that one flow may hold. */
export const maxPacketsOfFlow = 32;

/** Milliseconds until a flow whose program was not found is judged without it. Long enough for a scan of all of /proc. */
export const attributionMs = 5_000;
/** Milliseconds for which a datagram is held for the rest of what its flow says first, which its program sends at the same moment. */
export const wordsMs = 300;
/** Milliseconds after which a connection that only its first words could allow has said nothing. */
export const silenceMs = 10_000;
/** Flows listened to at once, each with at most 40 KB; beyond, the oldest is judged by what is known without its words. */
export const maxListened = 1024;
/** Milliseconds that no packet is held beyond: a SYN is given up by its sender after 135 s (KERNEL section 2). */
export const maxHeldMs = 120_000;
/** Milliseconds between two reports of the same connection or question that only grew. */
export const reportMs = 1_000;

/** Flows remembered as allowed, so that a policy change can void them; beyond, the oldest is forgotten. */
export const maxAllowed = 65_536;
/** Other flows remembered, so that their later packets go to the same record. */
export const maxRecent = 16_384;
/** Remembered flows decided anew in one call after a policy change: about 1 ms; the rest follows at once in later calls. */
export const anewAtOnce = 512;

/** Packets that may wait, by who waits: each at least 1, all of them together at most half the queue. */
export interface Shares {
  /** All held packets. */
  readonly held: number;
  /** Packets waiting for answers; the rest of `held` is kept free for those whose program is being found. */
  readonly asked: number;
  /** Packets of one user waiting for answers, so that one cannot take the room of all. */
  readonly askedOfUser: number;
  /**
   * Packets, and so flows, of one user whose program is being found: that is soon over, and what a rule says of the program
   * must not hang on how many flows it opens at once. Half of what is always kept free for this.
   */
  readonly attributingOfUser: number;
  /** Packets that came in from elsewhere and wait: whoever sends them can forge as many addresses as he likes. */
  readonly strangers: number;
}

export function sharesOf(queueLength: number): Shares {
  const share = (part: number) => Math.max(1, Math.floor(queueLength / part));
  const held = Math.floor(queueLength / 2);
  return {
    held,
    asked: held - share(8),
    askedOfUser: share(8),
    attributingOfUser: share(16),
    strangers: share(4),
  };
}
