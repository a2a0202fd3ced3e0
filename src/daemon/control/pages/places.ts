// Who may have how many connections to the pages, so that nobody shuts the others out.

export const maxConnections = 256;
export const maxConnectionsOfUser = 64;
/** Kept free for administrators, however many users there are. */
export const reservedConnections = 32;

export class Places {
  readonly #open = new Map<number, number>();
  #opened = 0;

  /** A place for one more connection of this user; the result gives it back. undefined: there is none. */
  take(uid: number, isAdministrator: () => boolean): (() => void) | undefined {
    const own = this.#open.get(uid) ?? 0;
    if (own >= maxConnectionsOfUser || this.#opened >= maxConnections) return undefined;
    if (this.#opened >= maxConnections - reservedConnections && !isAdministrator()) return undefined;
    this.#opened += 1;
    this.#open.set(uid, own + 1);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#opened -= 1;
      const left = (this.#open.get(uid) ?? 1) - 1;
      if (left === 0) this.#open.delete(uid);
      else this.#open.set(uid, left);
    };
  }
}
