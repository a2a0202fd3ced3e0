// Which of several networks the machine is on: by its routes, whatever their order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address, formatAddress, parseAddress } from '#model/net/address.ts';
import type { Link, Route } from '#wire/route/messages.ts';
import { Places } from './place.ts';

const link = (index: number, name: string, change: Partial<Link> = {}): Link => ({
  ...{ index, name, up: true, kind: '' },
  ...change,
});
const route = (interfaceIndex: number, gateway: string | undefined, change: Partial<Route> = {}): Route => ({
  ...{ family: 4, prefixLength: 0, table: 254, metric: 100, interfaceIndex },
  gateway: gateway === undefined ? undefined : (parseAddress(gateway) as Address),
  ...change,
});

function placesOf(links: readonly Link[], routes: readonly Route[]): Places {
  const places = new Places();
  for (const one of links) places.addLink(one);
  for (const one of routes) places.addRoute(one);
  return places;
}

function wayOf(links: readonly Link[], routes: readonly Route[]): string | undefined {
  const ways = [routes, [...routes].reverse()].map((list) => {
    const way = placesOf(links, list).way();
    return way && `${way.link.name}${way.gateway === undefined ? '' : ` ${formatAddress(way.gateway)}`}`;
  });
  assert.equal(ways[0], ways[1]);
  return ways[0];
}

const eth = link(2, 'eth0');
const wlan = link(3, 'wlan0');
const wg = link(4, 'wg0', { kind: 'wireguard' });

test('of several networks, the one whose default route has the lowest metric', () => {
  const routes = [route(2, '192.0.2.1', { metric: 100 }), route(3, '198.51.100.1', { metric: 600 })];
  assert.equal(wayOf([eth, wlan], routes), 'eth0 192.0.2.1');
  assert.equal(wayOf([{ ...eth, up: false }, wlan], routes), 'wlan0 198.51.100.1', 'its cable is out');
  assert.equal(
    wayOf([eth, wlan], [route(3, 'fe80::1', { family: 6, metric: 1 }), routes[0] as Route]),
    'eth0 192.0.2.1',
  );
  assert.equal(wayOf([eth, wlan], [route(3, 'fe80::1', { family: 6 })]), 'wlan0 fe80::1');
});

test('a tunnel is no network, whatever it takes over', () => {
  const routes = [route(2, '192.0.2.1'), route(4, undefined, { metric: 50 })];
  const places = placesOf([eth, wg], routes);
  assert.equal(wayOf([eth, wg], routes), 'eth0 192.0.2.1');
  assert.deepEqual(places.tunnels(), [{ interface: 'wg0', kind: 'wireguard' }]);
  // The default route is the tunnel's alone; to its far end leads the gateway.
  const taken = [route(4, undefined), route(2, '192.0.2.1', { prefixLength: 32 })];
  assert.equal(wayOf([eth, wg], taken), 'eth0 192.0.2.1');
  // As wg-quick does it.
  assert.deepEqual(placesOf([eth, wg], [route(4, undefined, { table: 51820 })]).tunnels().length, 1);
  assert.deepEqual(placesOf([eth, { ...wg, up: false }], routes).tunnels(), []);
});

test('no way: none without routes, none by a table of its own, none on the link alone', () => {
  assert.equal(wayOf([eth], []), undefined);
  assert.equal(wayOf([eth], [route(2, '192.0.2.1', { table: 100 })]), undefined);
  assert.equal(wayOf([eth], [route(2, undefined, { prefixLength: 24 })]), undefined);
  assert.equal(wayOf([link(5, 'wwan0')], [route(5, undefined)]), 'wwan0', 'a link between two ends has no gateway');
});

test('the hardware address is that of the gateway on this interface', () => {
  const places = placesOf([eth, wlan], [route(2, '192.0.2.1')]);
  const address = parseAddress('192.0.2.1') as Address;
  places.addNeighbour({ address, interfaceIndex: 3, hardware: '02:00:00:00:00:33' });
  const way = places.way();
  assert.ok(way);
  assert.equal(places.hardwareOf(way), undefined);
  places.addNeighbour({ address, interfaceIndex: 2, hardware: '02:00:00:00:00:22' });
  assert.equal(places.hardwareOf(way), '02:00:00:00:00:22');
});
