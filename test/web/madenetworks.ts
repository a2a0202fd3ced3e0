// Made-up networks for the fake server of the pages, and what becomes of them when somebody says what they are.
import type { ChangeNetwork, Networks, NetworkView } from '#model/net/network.ts';

const day = 86_400_000;

function network(
  view: Partial<NetworkView> & Pick<NetworkView, 'id' | 'name' | 'sign' | 'firstSeen' | 'lastSeen'>,
): NetworkView {
  return {
    ...{ profile: null, question: false, current: false, gateway: '192.168.1.1', interface: 'wlan0', rules: [] },
    ...view,
  };
}

const hostile = 'Free\u001b[2J <script>alert(1)</script>';

export class MadeNetworks {
  #networks: NetworkView[];

  constructor(now: number) {
    this.#networks = [
      network({
        ...{ id: '3f2a91c04d7e', name: 'Home', profile: 'home', current: true, rules: ['printer'] },
        sign: { gateway: '02:00:5e:10:00:01', ssid: 'Attic' },
        ...{ firstSeen: now - 400 * day, lastSeen: now },
      }),
      network({
        ...{ id: '71b0c9a2e5d4', name: 'Office', profile: 'work', gateway: '10.20.0.1', interface: 'eth0' },
        sign: { gateway: '02:00:5e:10:00:02' },
        ...{ firstSeen: now - 200 * day, lastSeen: now - 2 * day },
      }),
      network({
        ...{ id: '0c11aa35bb90', name: hostile, sign: { gateway: '02:00:5e:10:00:03', ssid: hostile } },
        ...{ firstSeen: now - 9 * day, lastSeen: now - 9 * day },
      }),
      network({
        ...{ id: '9d00e1f2a3b4', name: 'Phone', profile: 'public', gateway: null, interface: 'wwan0' },
        sign: { link: 'wwan0' },
        ...{ firstSeen: now - 30 * day, lastSeen: now - 12 * day },
      }),
    ];
  }

  list(): Networks {
    const here = this.#networks.find(({ current }) => current);
    return {
      networks: this.#networks,
      connected:
        here === undefined
          ? null
          : {
              ...{ interface: here.interface ?? 'wlan0', gateway: here.gateway, sign: here.sign },
              ssid: 'ssid' in here.sign ? (here.sign.ssid ?? null) : null,
            },
      tunnels: [{ interface: 'wg0', kind: 'wireguard' }],
      where: {
        ...(here !== undefined && { network: here.name }),
        ...(here?.profile != null && { profile: here.profile }),
      },
      problem: null,
    };
  }

  /** The machine comes to a network that it was never on. */
  arrive(now: number): Networks {
    const fresh = network({
      ...{ id: 'ab12cd34ef56', name: 'Café Blue', question: true, current: true },
      sign: { gateway: '02:00:5e:10:00:09', ssid: 'Café Blue' },
      ...{ firstSeen: now, lastSeen: now },
    });
    this.#networks = [fresh, ...this.#networks.map((one) => ({ ...one, current: false }))];
    return this.list();
  }

  change(id: string, { name, profile, later }: ChangeNetwork): NetworkView | undefined {
    this.#networks = this.#networks.map((one) =>
      one.id !== id
        ? one
        : {
            ...one,
            ...(name !== undefined && { name }),
            ...(profile !== undefined && { profile }),
            question: later === true || profile != null ? false : one.question,
          },
    );
    return this.#networks.find((one) => one.id === id);
  }

  forget(id: string): void {
    this.#networks = this.#networks.filter((one) => one.id !== id);
  }
}
