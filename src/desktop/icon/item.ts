// The status icon as desktops read it: org.kde.StatusNotifierItem, and its place at whoever shows such icons.

import type { SessionBus } from '../bus/bus.ts';
import { Exported } from '../bus/exported.ts';
import type { Deed } from '../note.ts';
import { IconMenu } from './menu.ts';
import { drawSizes, type Pixmap } from './picture.ts';
import type { Gate, IconView } from './view.ts';

const watcher = 'org.kde.StatusNotifierWatcher';
const itemPath = '/StatusNotifierItem';
const menuPath = '/MenuBar';

class Item extends Exported {
  readonly Category = 'SystemServices';
  readonly Id = 'postern';
  readonly WindowId = 0;
  readonly IconThemePath = '';
  /** Own pictures, so that no theme is needed. */
  readonly IconName = '';
  readonly OverlayIconName = '';
  readonly OverlayIconPixmap: Pixmap[] = [];
  readonly AttentionIconName = '';
  readonly AttentionMovieName = '';
  readonly ItemIsMenu = false;
  readonly Menu = menuPath;
  Title = 'Postern';
  Status = 'Active';
  IconPixmap: Pixmap[] = [];
  AttentionIconPixmap: Pixmap[] = [];
  ToolTip: [string, Pixmap[], string, string] = ['', [], 'Postern', ''];
  readonly #did: (deed: Deed) => void;

  constructor(did: (deed: Deed) => void) {
    super('org.kde.StatusNotifierItem');
    this.#did = did;
  }

  Activate(_x: number, _y: number): void {
    this.#did({ type: 'open', view: this.Status === 'NeedsAttention' ? '/ask' : '/' });
  }

  SecondaryActivate(_x: number, _y: number): void {
    this.#did({ type: 'open', view: '/refused' });
  }

  // Hosts show the menu themselves.
  ContextMenu(_x: number, _y: number): void {}
  Scroll(_delta: number, _orientation: string): void {}

  NewTitle(): void {}
  NewIcon(): void {}
  NewAttentionIcon(): void {}
  NewToolTip(): void {}
  NewStatus(status: string): string {
    return status;
  }
}

const read = (signature: string) => ({ signature, access: 'read' as const });
const pixmaps = 'a(iiay)';
Item.configureMembers({
  properties: {
    ...{ Category: read('s'), Id: read('s'), Title: read('s'), Status: read('s'), WindowId: read('i') },
    ...{ IconThemePath: read('s'), IconName: read('s'), IconPixmap: read(pixmaps), OverlayIconName: read('s') },
    ...{ OverlayIconPixmap: read(pixmaps), AttentionIconName: read('s'), AttentionIconPixmap: read(pixmaps) },
    ...{ AttentionMovieName: read('s'), ToolTip: read(`(s${pixmaps}ss)`), ItemIsMenu: read('b'), Menu: read('o') },
  },
  methods: {
    Activate: { inSignature: 'ii' },
    SecondaryActivate: { inSignature: 'ii' },
    ContextMenu: { inSignature: 'ii' },
    Scroll: { inSignature: 'is' },
  },
  signals: { NewTitle: {}, NewIcon: {}, NewAttentionIcon: {}, NewToolTip: {}, NewStatus: { signature: 's' } },
});

/** From one change to another, and back, desktops are told; nothing is told twice. */
export class StatusIcon {
  readonly #bus: SessionBus;
  readonly #item: Item;
  readonly #menu: IconMenu;
  readonly #name = `org.kde.StatusNotifierItem-${process.pid}-1`;
  readonly #drawn = new Map<string, Pixmap[]>();

  constructor(bus: SessionBus, did: (deed: Deed) => void) {
    this.#bus = bus;
    this.#item = new Item(did);
    this.#menu = new IconMenu(did);
  }

  async start(view: IconView): Promise<void> {
    this.show(view);
    this.#bus.bus.export(itemPath, this.#item);
    this.#bus.bus.export(menuPath, this.#menu);
    await this.#bus.takeName(this.#name);
    // Whenever somebody comes who shows icons, ours is told again.
    await this.#bus.watchName(watcher, (owner) => {
      if (owner !== undefined) void this.#register();
    });
  }

  async #register(): Promise<void> {
    const place = { to: watcher, path: '/StatusNotifierWatcher', interface: watcher };
    await this.#bus.call({ ...place, member: 'RegisterStatusNotifierItem', signature: 's', body: [this.#name] });
  }

  show({ gate, attention, title, tooltip, menu }: IconView): void {
    const item = this.#item;
    // The same in both places: some panels keep the picture of attention when the status says that it is over.
    const picture = this.#draw(gate, attention);
    if (item.IconPixmap !== picture) {
      item.IconPixmap = picture;
      item.AttentionIconPixmap = picture;
      item.NewIcon();
      item.NewAttentionIcon();
    }
    const status = attention ? 'NeedsAttention' : 'Active';
    if (item.Status !== status) {
      item.Status = status;
      item.NewStatus(status);
    }
    if (item.ToolTip[2] !== title || item.ToolTip[3] !== tooltip) {
      item.ToolTip = ['', [], title, tooltip];
      item.NewToolTip();
    }
    this.#menu.show(menu);
  }

  #draw(gate: Gate, attention: boolean): Pixmap[] {
    const key = `${gate} ${attention}`;
    const drawn = this.#drawn.get(key) ?? drawSizes(gate, attention);
    this.#drawn.set(key, drawn);
    return drawn;
  }
}
