// The menu of the status icon as desktops read it: com.canonical.dbusmenu.
import { DBusError, Variant } from '@jellybrick/dbus-next';
import { Exported } from '../bus/exported.ts';
import type { Deed } from '../note.ts';
import type { MenuEntry } from './view.ts';

type Properties = Record<string, Variant>;
type Layout = [id: number, properties: Properties, children: Variant[]];

/** An underscore of a label would be the key that chooses it. */
const labelOf = (text: string): string => text.replaceAll('_', '__');

function propertiesOf(entry: MenuEntry | null): Properties {
  if (entry === null) return { type: new Variant('s', 'separator') };
  const { label, deed, chosen } = entry;
  return {
    label: new Variant('s', labelOf(label)),
    enabled: new Variant('b', deed !== undefined),
    ...(chosen !== undefined && {
      'toggle-type': new Variant('s', 'radio'),
      'toggle-state': new Variant('i', chosen ? 1 : 0),
    }),
  };
}

export class IconMenu extends Exported {
  readonly Version = 3;
  readonly Status = 'normal';
  readonly TextDirection = 'ltr';
  readonly IconThemePath: string[] = [];
  #entries: readonly (MenuEntry | null)[] = [];
  /** What each number stands for: entries of former menus keep theirs, so that a late click does what was read. */
  readonly #numbers = new Map<string, number>();
  #deeds = new Map<number, Deed | undefined>();
  #revision = 1;
  readonly #did: (deed: Deed) => void;

  constructor(did: (deed: Deed) => void) {
    super('com.canonical.dbusmenu');
    this.#did = did;
  }

  show(entries: readonly (MenuEntry | null)[]): void {
    if (JSON.stringify(entries) === JSON.stringify(this.#entries)) return;
    this.#entries = entries;
    this.#deeds = new Map(entries.map((entry, at) => [this.#numberOf(entry, at), entry?.deed]));
    this.#revision += 1;
    this.LayoutUpdated(this.#revision, 0);
  }

  #numberOf(entry: MenuEntry | null, at: number): number {
    const key = entry === null ? `line ${at}` : entry.label;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    // Labels with a count in them are many.
    if (this.#numbers.size > 1000) this.#numbers.clear();
    const number = this.#numbers.size + 1;
    this.#numbers.set(key, number);
    return number;
  }

  #items(): { id: number; properties: Properties }[] {
    return this.#entries.map((entry, at) => ({ id: this.#numberOf(entry, at), properties: propertiesOf(entry) }));
  }

  GetLayout(parent: number, depth: number, _names: string[]): [number, Layout] {
    const items = this.#items();
    if (parent !== 0) {
      const found = items.find(({ id }) => id === parent);
      return [this.#revision, [parent, found?.properties ?? {}, []]];
    }
    const children =
      depth === 0 ? [] : items.map(({ id, properties }) => new Variant('(ia{sv}av)', [id, properties, []]));
    return [this.#revision, [0, { 'children-display': new Variant('s', 'submenu') }, children]];
  }

  GetGroupProperties(ids: number[], _names: string[]): [number, Properties][] {
    const wanted = new Set(ids);
    return this.#items()
      .filter(({ id }) => wanted.size === 0 || wanted.has(id))
      .map(({ id, properties }) => [id, properties]);
  }

  GetProperty(id: number, name: string): Variant {
    const found = this.#items().find((item) => item.id === id)?.properties[name];
    if (found === undefined) throw new DBusError('org.freedesktop.DBus.Error.InvalidArgs', 'there is no such item');
    return found;
  }

  Event(id: number, event: string, _data: unknown, _time: number): void {
    const deed = this.#deeds.get(id);
    if (event === 'clicked' && deed !== undefined) this.#did(deed);
  }

  EventGroup(events: [number, string, unknown, number][]): number[] {
    for (const [id, event, data, time] of events) this.Event(id, event, data, time);
    return events.map(([id]) => id).filter((id) => !this.#deeds.has(id));
  }

  AboutToShow(_id: number): boolean {
    return false;
  }

  AboutToShowGroup(_ids: number[]): [number[], number[]] {
    return [[], []];
  }

  LayoutUpdated(revision: number, parent: number): [number, number] {
    return [revision, parent];
  }
}

const read = 'read' as const;
IconMenu.configureMembers({
  properties: {
    Version: { signature: 'u', access: read },
    Status: { signature: 's', access: read },
    TextDirection: { signature: 's', access: read },
    IconThemePath: { signature: 'as', access: read },
  },
  methods: {
    GetLayout: { inSignature: 'iias', outSignature: 'u(ia{sv}av)' },
    GetGroupProperties: { inSignature: 'aias', outSignature: 'a(ia{sv})' },
    GetProperty: { inSignature: 'is', outSignature: 'v' },
    Event: { inSignature: 'isvu' },
    EventGroup: { inSignature: 'a(isvu)', outSignature: 'ai' },
    AboutToShow: { inSignature: 'i', outSignature: 'b' },
    AboutToShowGroup: { inSignature: 'ai', outSignature: 'aiai' },
  },
  signals: { LayoutUpdated: { signature: 'ui' } },
});
