// What was not served, by its reason, and who tried to log in and was refused: nothing is refused in silence.
import { type RefusalReason, type RefusalsView, refusalReasons } from '#model/pages/login.ts';

const hourMs = 3600_000;
const dayHours = 24;
/** Places that are told apart; beyond these, what comes counts as one. */
const maxPlaces = 1000;
const shownPlaces = 50;
const userMark = 'uid ';
const everywhere = 'other places';
/** Between two events of one place. */
const quietMs = 60_000;

interface Place {
  readonly hours: Map<number, number>;
  last: number;
  /** How many since the last event, and when that was. */
  untold: number;
  told: number;
}

/** Logins that were refused since the last time that it was told of this place. */
export interface RefusedLogins {
  readonly from: string;
  readonly times: number;
}

export class Refusals {
  readonly #counts = new Map<RefusalReason, number>();
  readonly #places = new Map<string, Place>();
  readonly #tell: (refused: RefusedLogins) => void;
  readonly #userName: (uid: number) => string;

  constructor(tell: (refused: RefusedLogins) => void, userName: (uid: number) => string) {
    this.#tell = tell;
    this.#userName = userName;
  }

  count(reason: RefusalReason): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
  }

  /** Of a login, from an address, or from this user of this machine. */
  login(whence: string | number, reason: RefusalReason, now: number): void {
    const from = typeof whence === 'number' ? `${userMark}${whence}` : whence;
    this.count(reason);
    if (this.#places.size >= maxPlaces) this.#forget(now);
    const name = this.#places.has(from) || this.#places.size < maxPlaces ? from : everywhere;
    const place = this.#places.get(name) ?? { hours: new Map<number, number>(), last: 0, untold: 0, told: -quietMs };
    const hour = Math.floor(now / hourMs);
    place.hours.set(hour, (place.hours.get(hour) ?? 0) + 1);
    place.last = now;
    place.untold += 1;
    this.#places.set(name, place);
    this.#say(name, place, now);
  }

  /** Tells of what came since, and forgets what is older than a day. To be called now and then. */
  look(now: number): void {
    this.#forget(now);
    for (const [name, place] of this.#places) this.#say(name, place, now);
  }

  /** The first at once, those that follow once a minute together. */
  #say(from: string, place: Place, now: number): void {
    if (place.untold === 0 || place.told + quietMs > now) return;
    const times = place.untold;
    place.untold = 0;
    place.told = now;
    this.#tell({ from: this.#name(from), times });
  }

  /** Looked up when it is shown: wrong logins may be many. */
  #name(from: string): string {
    return from.startsWith(userMark) ? `user ${this.#userName(Number(from.slice(userMark.length)))}` : from;
  }

  #forget(now: number): void {
    const oldest = Math.floor(now / hourMs) - dayHours;
    for (const [name, { hours }] of this.#places) {
      for (const hour of hours.keys()) if (hour <= oldest) hours.delete(hour);
      if (hours.size === 0) this.#places.delete(name);
    }
  }

  /** `logins`: whether it is said who they were. */
  view(now: number, logins: boolean): RefusalsView {
    this.#forget(now);
    const places = [...this.#places].map(([from, { hours, last }]) => ({
      from: this.#name(from),
      times: [...hours.values()].reduce((sum, times) => sum + times, 0),
      last,
    }));
    const newest = places.sort((a, b) => b.last - a.last).slice(0, shownPlaces);
    const counts = Object.fromEntries(refusalReasons.map((reason) => [reason, this.#counts.get(reason) ?? 0]));
    return { logins: logins ? newest : [], counts: counts as RefusalsView['counts'] };
  }
}
