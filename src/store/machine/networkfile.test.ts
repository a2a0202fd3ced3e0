// networks.yaml: what people wrote stays, and what is no network is refused in a sentence.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NetworkFile, parseNetworkFile } from './networkfile.ts';

const home = { name: 'Home', profile: 'home', sign: { gateway: '02:00:00:00:00:11', ssid: 'Attic' }, firstSeen: 0 };

test('what is put into it is read from it, and comments stay', () => {
  const file = new NetworkFile('');
  file.put('Home', home);
  file.put('Phone', { name: 'Phone', profile: undefined, sign: { link: 'wwan0' }, firstSeen: undefined });
  const text = file.toString();
  assert.match(text, /^# The networks/);
  assert.deepEqual(parseNetworkFile(text), {
    ok: true,
    value: [home, { name: 'Phone', profile: undefined, sign: { link: 'wwan0' }, firstSeen: undefined }],
  });
  const edited = new NetworkFile(text.replace('  - name: Home', '  # under the roof\n  - name: Home'));
  edited.put('Home', { ...home, name: 'Attic', profile: undefined });
  edited.remove('Phone');
  assert.match(edited.toString(), /# under the roof\n {2}- name: Attic\n {4}gateway: 02:00:00:00:00:11\n/);
  assert.equal(parseNetworkFile(edited.toString()).ok, true);
});

for (const [what, text, error] of [
  ['no mapping', '- 1', /./],
  ['a gateway that is an address', 'networks: [{ name: a, gateway: 192.0.2.1 }]', /needs a gateway such as/],
  ['nothing to recognise it by', 'networks: [{ name: a }]', /needs a gateway/],
  ['a link with a gateway', 'networks: [{ name: a, link: ppp0, gateway: 02:00:00:00:00:11 }]', /needs a gateway/],
  ['an unknown profile', 'networks: [{ name: a, link: ppp0, profile: unknown }]', /cannot be "unknown"/],
  ['one name twice', 'networks: [{ name: a, link: ppp0 }, { name: a, link: ppp1 }]', /stands there twice/],
  ['one sign twice', 'networks: [{ name: a, link: ppp0 }, { name: b, link: ppp0 }]', /has the sign of another/],
  ['another key', 'networks: [{ name: a, link: ppp0, mac: x }]', /mac/],
] as const) {
  test(`refused: ${what}`, () => {
    const parsed = parseNetworkFile(text);
    assert.equal(parsed.ok, false);
    if (!parsed.ok) assert.match(parsed.error, error);
  });
}

test('a hardware address in capitals is the same', () => {
  const parsed = parseNetworkFile('networks: [{ name: a, gateway: "02:00:00:00:00:AB" }]');
  assert.deepEqual(parsed.ok && parsed.value[0]?.sign, { gateway: '02:00:00:00:00:ab' });
});

test('whatever stands there, there is an answer', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      assert.equal(typeof parseNetworkFile(text).ok, 'boolean');
    }),
    { numRuns: 500 },
  );
});
