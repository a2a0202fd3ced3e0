// The notification daemon of the desktop (org.freedesktop.Notifications): whether there is one, what it can, and what people do there.
import { Variant } from '@jellybrick/dbus-next';
import { drawIcon } from '../icon/picture.ts';
import type { Note } from '../note.ts';
import type { SessionBus } from './bus.ts';

const name = 'org.freedesktop.Notifications';
const object = { to: name, path: '/org/freedesktop/Notifications', interface: name };

export interface NotificationListener {
  /** Another daemon, or none, which can do nothing: whatever was shown is gone. */
  readonly changed: (capabilities: ReadonlySet<string> | undefined) => void;
  readonly invoked: (id: number, action: string) => void;
  /** `dismissed`: by a person, neither by its time nor by us. */
  readonly closed: (id: number, dismissed: boolean) => void;
}

/** NotificationClosed has the reason of the specification: 1 expired, 2 dismissed by the user, 3 closed by a call. */
const dismissedReason = 2;
/** Width, height, bytes of a row, whether there is transparency, bits of a sample, samples, and the pixels as red, green, blue, alpha. */
const notePicture = (() => {
  const [width, height, pixels] = drawIcon(48, 'asking', false);
  const turned = Buffer.alloc(pixels.length);
  for (let at = 0; at < pixels.length; at += 4)
    turned.writeUInt32BE(((pixels.readUInt32BE(at) << 8) | (pixels[at] ?? 0)) >>> 0, at);
  return [width, height, width * 4, true, 8, 4, turned];
})();
const urgencies = { low: 0, normal: 1, critical: 2 } as const;

export class Notifications {
  readonly #bus: SessionBus;
  readonly #listener: NotificationListener;
  #owner: string | undefined;

  constructor(bus: SessionBus, listener: NotificationListener) {
    this.#bus = bus;
    this.#listener = listener;
  }

  async start(): Promise<void> {
    await this.#bus.listen(`type='signal',sender='${name}',interface='${name}'`, (signal) => {
      // What another program sends to this connection alone passes the match.
      if (signal.interface !== name || signal.sender !== this.#owner) return;
      const [id, what] = signal.body;
      if (signal.member === 'ActionInvoked') this.#listener.invoked(Number(id), String(what));
      if (signal.member === 'NotificationClosed') this.#listener.closed(Number(id), what === dismissedReason);
    });
    // Desktops start their daemon when it is asked for first.
    await this.#bus.call({ ...object, member: 'GetCapabilities' });
    await this.#bus.watchName(name, (owner) => void this.#ownedBy(owner));
  }

  async #ownedBy(owner: string | undefined): Promise<void> {
    this.#owner = owner;
    if (owner === undefined) return this.#listener.changed(undefined);
    const asked = await this.#bus.call({ ...object, member: 'GetCapabilities' });
    const told = asked.ok && Array.isArray(asked.value[0]) ? asked.value[0].map(String) : [];
    if (this.#owner === owner) this.#listener.changed(new Set(told));
  }

  /** Its number; undefined where it could not be shown. */
  async show(note: Note, replaces: number, now: number): Promise<number | undefined> {
    const expires = note.expires === undefined ? -1 : Math.max(1000, Math.min(2 ** 31 - 1, note.expires - now));
    const hints = {
      urgency: new Variant('y', urgencies[note.urgency]),
      'desktop-entry': new Variant('s', 'postern-agent'),
      category: new Variant('s', 'network'),
      // Where no theme has the icon.
      'image-data': new Variant('(iiibiiay)', notePicture),
      ...(note.urgency === 'low' && { transient: new Variant('b', true) }),
    };
    const actions = note.actions.flatMap(({ key, label }) => [key, label]);
    const shown = await this.#bus.call({
      ...{ ...object, member: 'Notify', signature: 'susssasa{sv}i' },
      body: ['Postern', replaces, '', note.title, note.body, actions, hints, expires],
    });
    return shown.ok ? Number(shown.value[0]) : undefined;
  }

  async close(id: number): Promise<void> {
    await this.#bus.call({ ...object, member: 'CloseNotification', signature: 'u', body: [id] });
  }
}
