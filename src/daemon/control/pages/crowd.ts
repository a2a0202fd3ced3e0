// Connections from other machines: so many of one neighbourhood, so many in all; when it is full, one that nobody is logged in on goes.
import type { Socket } from 'node:net';
import { Bucket } from '#api/remote/bucket.ts';
import { neighbourhoodOf } from '#api/remote/prefix.ts';
import { Lru } from '#std/lru.ts';

export const maxCrowd = 256;
export const maxOfOne = 32;
/** New connections of one neighbourhood: so many at once, then ten a second. Each costs a handshake. */
const newAtOnce = 60;
const newEveryMs = 100;
/** And of all together: a handshake takes a millisecond. */
const allAtOnce = 300;
const allEveryMs = 5;

interface Place {
  readonly name: string;
  readonly socket: Socket;
  readonly neighbourhood: string;
  /** Whether a session was asked for on it. */
  known: boolean;
}

export class Crowd {
  /** In the order in which they came. */
  readonly #places = new Map<string, Place>();
  readonly #newcomers = new Lru<string, Bucket>(10_000);
  readonly #all = new Bucket(allAtOnce, allEveryMs);
  readonly #onTurnedAway: () => void;

  /** Told of each connection that found no place, or had to leave its own. */
  constructor(onTurnedAway: () => void) {
    this.#onTurnedAway = onTurnedAway;
  }

  static #name = ({ remoteAddress = '', remotePort = 0 }: Socket) => `${remoteAddress} ${remotePort}`;

  /** Takes it in, or ends it; says which. */
  enter(socket: Socket, now: number): boolean {
    if (this.#take(socket, now)) return true;
    this.#turnAway(socket);
    return false;
  }

  #turnAway(socket: Socket): void {
    this.#onTurnedAway();
    socket.destroy();
  }

  #take(socket: Socket, now: number): boolean {
    const neighbourhood = neighbourhoodOf(socket.remoteAddress ?? '');
    const bucket = this.#newcomers.get(neighbourhood) ?? new Bucket(newAtOnce, newEveryMs);
    this.#newcomers.set(neighbourhood, bucket);
    const own = [...this.#places.values()].filter((place) => place.neighbourhood === neighbourhood);
    if (bucket.take(now) > 0 || this.#all.take(now) > 0) return false;
    // A stranger's place goes to who comes after, so that strangers cannot keep all of them.
    if (own.length >= maxOfOne && !this.#makeRoom(own)) return false;
    if (this.#places.size >= maxCrowd && !this.#makeRoom([...this.#places.values()])) return false;
    const name = Crowd.#name(socket);
    const place = { name, socket, neighbourhood, known: false };
    this.#places.set(name, place);
    socket.on('close', () => {
      if (this.#places.get(name) === place) this.#places.delete(name);
    });
    return true;
  }

  #makeRoom(places: readonly Place[]): boolean {
    const oldest = places.find(({ known }) => !known);
    if (oldest === undefined) return false;
    this.#places.delete(oldest.name);
    this.#turnAway(oldest.socket);
    return true;
  }

  /** Somebody is logged in there; `socket` may be the one within TLS. */
  know(socket: Socket): void {
    const place = this.#places.get(Crowd.#name(socket));
    if (place !== undefined) place.known = true;
  }
}
