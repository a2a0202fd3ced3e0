import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '#model/net/address.ts';
import type { FlowMask } from '#policy/cache/mask.ts';
import { flowLayouts, maskFields, maxMasks } from './layout.ts';
import { Masks } from './masks.ts';

const nothing: FlowMask = {
  ...{ executable: false, process: false, uid: false, gid: false, cgroup: false, protocol: false, port: false },
  ...{ local: false, loopback: false, remoteBits: 0, names: false },
};
const to = (text: string, name?: string) => {
  const address = parseAddress(text);
  assert.ok(address);
  return { remote: { address, port: 0 }, interface: name };
};

function recorder() {
  const written: { index: number; value: string }[] = [];
  let used = 0;
  const masks = new Masks(
    (index, value) => written.push({ index, value: value.toString('hex') }),
    (count) => {
      used = count;
    },
  );
  return { masks, written, used: () => used };
}

test('a mask is written once, before it is used', () => {
  const { masks, written, used } = recorder();
  assert.equal(masks.place({ ...nothing, uid: true }, to('192.0.2.1')), 0);
  assert.equal(masks.place({ ...nothing, uid: true }, to('192.0.2.9')), 0);
  assert.equal(masks.place({ ...nothing, executable: true }, to('192.0.2.1')), 1);
  assert.deepEqual([written.length, used()], [2, 2]);
});

test('bits of an address stand where the family has them', () => {
  const { masks, written } = recorder();
  masks.place({ ...nothing, remoteBits: 12 }, to('192.0.2.1'));
  masks.place({ ...nothing, remoteBits: 33 }, to('2001:db8::1'));
  const remote = written.map(({ value }) => value.slice(0, 32));
  assert.deepEqual(remote, [`${'00'.repeat(12)}fff00000`, `ffffffff80${'00'.repeat(11)}`]);
});

test('on lo and elsewhere are two masks', () => {
  const { masks, written } = recorder();
  const asked = { ...nothing, loopback: true };
  assert.deepEqual([masks.place(asked, to('192.0.2.1', 'lo')), masks.place(asked, to('192.0.2.1', 'eth0'))], [0, 1]);
  const at = flowLayouts.mask.fields * 2;
  const fields = written.map(({ value }) => Buffer.from(value.slice(at, at + 8), 'hex').readUInt32LE());
  assert.deepEqual(fields, [maskFields.onLoopback, maskFields.offLoopback]);
});

test('there are 32 at most, until they are cleared', () => {
  const { masks, used } = recorder();
  for (let bits = 0; bits < maxMasks; bits++) {
    assert.equal(masks.place({ ...nothing, remoteBits: bits }, to('2001:db8::1')), bits);
  }
  assert.equal(masks.place({ ...nothing, remoteBits: 100 }, to('2001:db8::1')), undefined);
  masks.clear();
  assert.equal(used(), 0);
  assert.equal(masks.place({ ...nothing, remoteBits: 100 }, to('2001:db8::1')), 0);
});
