import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World } from '../../test/engine/world.ts';

test('a connection opened on the ports of an ended one is a connection of its own', () => {
  const world = new World({ mode: 'ask', rules: ['allow firefox'] });
  const again = 'firefox → 192.0.2.1:443/tcp';
  world.send(again, { opens: true });
  world.send(again, { opens: true });
  assert.equal(new Set(world.connections().map(({ id }) => id)).size, 2);
  world.send(again);
  assert.equal(new Set(world.connections().map(({ id }) => id)).size, 2, 'what does not open one belongs to the last');
});
