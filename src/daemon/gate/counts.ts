// The gate's counters: everything refused, overflowed or lost goes up by its reason.
import type { Effect } from '#engine/types.ts';
import type { Counters } from '#model/status.ts';

type CountedReason = Extract<Effect, { type: 'count' }>['reason'];

const names: Readonly<Partial<Record<CountedReason, keyof Counters>>> = {
  answered: 'answered',
  expired: 'expired',
  'quota-user': 'quotaUser',
  'quota-app': 'quotaApp',
  'quota-packets': 'quotaPackets',
  'queue-half-full': 'queueHalfFull',
  unattributed: 'unattributed',
  said: 'namesSaid',
  unheard: 'unheard',
  silent: 'silent',
};

export class Counts {
  readonly #values: Record<keyof Counters, number> = {
    packets: 0,
    accepted: 0,
    rejected: 0,
    dropped: 0,
    copies: 0,
    malformed: 0,
    badMessages: 0,
    heldLost: 0,
    prompts: 0,
    answered: 0,
    expired: 0,
    quotaUser: 0,
    quotaApp: 0,
    quotaPackets: 0,
    queueHalfFull: 0,
    unattributed: 0,
    queueFull: 0,
    queueUserDropped: 0,
    noBuffers: 0,
    rateLimited: 0,
    kernelRefused: 0,
    unreported: 0,
    eventsLost: 0,
    processesLost: 0,
    flowsAllowed: 0,
    flowsRefused: 0,
    flowsAsked: 0,
    replies: 0,
    voided: 0,
    untaught: 0,
    socketsLost: 0,
    ambiguous: 0,
    unknownCallers: 0,
    elsewhere: 0,
    dnsQuestions: 0,
    dnsAnswers: 0,
    dnsRefused: 0,
    dnsLost: 0,
    resolvedAnswers: 0,
    resolvedLost: 0,
    namesLost: 0,
    namesSaid: 0,
    unheard: 0,
    silent: 0,
    packetsUnknown: 0,
    forged: 0,
    unhashed: 0,
    unixUntold: 0,
  };

  add(name: keyof Counters, count = 1): void {
    this.#values[name] += count;
  }

  reason(reason: CountedReason): void {
    const name = names[reason];
    if (name !== undefined) this.#values[name] += 1;
  }

  snapshot(): Counters {
    return { ...this.#values };
  }
}
