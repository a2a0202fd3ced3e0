// Counts what waits, for attribution and for answers, and says when there is no room for more.
import type { Reason } from '#model/connection.ts';
import type { HeldFlow, Owner } from './held.ts';
import { maxFlowsOfApp, maxFlowsOfUser, maxPacketsOfFlow, type Shares, sharesOf } from './limits.ts';

type Stage = 'attributing' | 'asked';

/** Why there is no room: the reason of the unanswered default. */
export type Excess = Extract<Reason, 'quota-user' | 'quota-app' | 'quota-packets' | 'queue-half-full'>;

interface Usage {
  flows: number;
  packets: number;
}

export class Quotas {
  readonly #shares: Shares;
  readonly #stages = {
    attributing: { total: { flows: 0, packets: 0 } as Usage, owners: new Map<Owner, Usage>() },
    asked: { total: { flows: 0, packets: 0 } as Usage, owners: new Map<Owner, Usage>() },
  };
  readonly #apps = new Map<string, number>();
  #strangers = 0;

  constructor(queueLength: number) {
    this.#shares = sharesOf(queueLength);
  }

  /** Packets held in both stages. */
  get held(): number {
    return this.#stages.attributing.total.packets + this.#stages.asked.total.packets;
  }

  /** Whether the flow may wait at its stage with the packets it has; before `enter`. */
  excessFlow(flow: HeldFlow): Excess | undefined {
    const { app, owner, packets } = flow;
    if (app !== undefined && (this.#apps.get(appOf(flow, app)) ?? 0) >= maxFlowsOfApp) return 'quota-app';
    const stage = stageOf(flow);
    const { total, owners } = this.#stages[stage];
    const ofUser = stage === 'asked' ? maxFlowsOfUser : this.#shares.attributingOfUser;
    if ((owners.get(owner)?.flows ?? 0) >= ofUser) return 'quota-user';
    // Copies hold no packets, so that their number needs a bound of its own.
    if (stage === 'attributing' && total.flows >= this.#shares.held) return 'queue-half-full';
    return this.#excess(flow, packets.length);
  }

  /** Whether a flow that waits may hold one packet more. */
  excessPacket(flow: HeldFlow): Excess | undefined {
    if (flow.packets.length >= maxPacketsOfFlow) return 'quota-packets';
    return this.#excess(flow, 1);
  }

  #excess(flow: HeldFlow, packets: number): Excess | undefined {
    const stage = stageOf(flow);
    const { total, owners } = this.#stages[stage];
    const own = owners.get(flow.owner)?.packets ?? 0;
    const ofUser = stage === 'asked' ? this.#shares.askedOfUser : this.#shares.attributingOfUser;
    // The first flow of a user always fits its share.
    if (own > 0 && own + packets > ofUser) return 'quota-user';
    if (flow.flow.direction !== 'out' && this.#strangers + packets > this.#shares.strangers) return 'queue-half-full';
    if (stage === 'asked' && total.packets + packets > this.#shares.asked) return 'queue-half-full';
    return this.held + packets > this.#shares.held ? 'queue-half-full' : undefined;
  }

  enter(flow: HeldFlow): void {
    this.#add(flow, 1, flow.packets.length);
  }

  leave(flow: HeldFlow): void {
    this.#add(flow, -1, -flow.packets.length);
  }

  addPacket(flow: HeldFlow): void {
    this.#add(flow, 0, 1);
  }

  #add(flow: HeldFlow, flows: number, packets: number): void {
    const { total, owners } = this.#stages[stageOf(flow)];
    total.flows += flows;
    total.packets += packets;
    if (flow.flow.direction !== 'out') this.#strangers += packets;
    const usage = owners.get(flow.owner);
    if (usage === undefined) owners.set(flow.owner, { flows, packets });
    else {
      usage.flows += flows;
      usage.packets += packets;
      if (usage.flows === 0) owners.delete(flow.owner);
    }
    if (flow.app === undefined || flows === 0) return;
    const key = appOf(flow, flow.app);
    const ofApp = (this.#apps.get(key) ?? 0) + flows;
    if (ofApp === 0) this.#apps.delete(key);
    else this.#apps.set(key, ofApp);
  }
}

function stageOf(flow: HeldFlow): Stage {
  return flow.app === undefined ? 'attributing' : 'asked';
}

/** An app counts for each user; what strangers send to it counts together, so that many addresses gain nothing. */
function appOf(flow: HeldFlow, app: string): string {
  return flow.flow.direction === 'in' ? `in ${app}` : `${flow.owner} ${app}`;
}
