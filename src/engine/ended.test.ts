// The end of a connection: where its totals are recorded, and what its ports mean afterwards.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { ConnectionEnd, Totals } from '#model/connection.ts';
import { flowKey } from '#model/flow.ts';
import { attempt } from '../../test/dsl.ts';
import { pick, World } from '../../test/engine/world.ts';

const firefox = 'firefox → 192.0.2.1:443/tcp';
const curl = 'curl → 192.0.2.1:80/tcp';
const totals: Totals = { bytesOut: 700, bytesIn: 5000, packetsOut: 7, packetsIn: 5 };

const ends = (world: World) => world.connections().map(({ end }) => end);

suite('the end of a connection', () => {
  test('is reported at once, with the time and the totals', () => {
    const world = new World({ mode: 'ask', rules: ['allow firefox'] });
    world.send(firefox);
    world.now += 200;
    const [reported, ...others] = pick(world.end(firefox), 'connection');
    assert.deepEqual(reported?.connection.end, { time: world.now, ...totals });
    assert.deepEqual(others, []);
    assert.equal(world.connections().length, 1, 'it is no row of its own');
  });

  test('is the last that is said: a report that was due comes with it', () => {
    const world = new World({ mode: 'ask', rules: ['allow firefox'] });
    for (let count = 0; count < 3; count++) world.send(firefox);
    world.end(firefox);
    assert.equal(world.connections()[0]?.packets, 3);
    assert.deepEqual(pick(world.pass(10_000), 'connection'), []);
  });

  test('makes the same ports another connection', () => {
    const world = new World({ mode: 'ask', rules: ['allow firefox'] });
    world.send(firefox);
    world.end(firefox);
    assert.equal(world.engine.isAllowed(flowKey(attempt(firefox).flow)), false);
    world.send(firefox);
    assert.deepEqual(ends(world), [{ time: world.now, ...totals }, undefined]);
  });

  test('says nothing of a flow that nobody knows', () => {
    const world = new World({ mode: 'ask', rules: ['allow firefox'] });
    world.send(firefox);
    assert.deepEqual(world.end(curl), []);
    world.end(firefox);
    assert.deepEqual(world.end(firefox), [], 'nor a second time');
  });

  test('is left out of what goes on', () => {
    const world = new World({ mode: 'ask', rules: ['allow firefox'] });
    world.send(firefox);
    assert.equal('end' in (world.connections()[0] ?? {}), false);
  });

  test('of a flow that a new policy refused stands with the refusal', () => {
    const world = new World({ mode: 'allow', rules: [] });
    world.send(firefox);
    world.policy('allow', ['reject firefox']);
    world.end(firefox);
    const [row, ...others] = world.connections();
    assert.deepEqual([row?.action, row?.end?.bytesIn, others.length], ['reject', 5000, 0]);
  });
});

suite('an end that comes early', () => {
  test('waits for the program of a copied flow', () => {
    const world = new World({ mode: 'allow', attributes: false });
    world.copy(firefox, { rule: 'browsing', action: 'allow' });
    world.now += 5;
    assert.deepEqual(world.end(firefox), []);
    const ended = world.now;
    world.now += 50;
    for (const ticket of world.tickets.keys()) world.find(ticket);
    assert.deepEqual(ends(world), [{ time: ended, ...totals }]);
    assert.deepEqual(world.end(firefox), [], 'the flow is not remembered');
  });

  test('leaves its ports to the next flow, which waits for its own program', () => {
    const world = new World({ mode: 'allow', attributes: false });
    world.copy(firefox, { rule: 'browsing', action: 'allow' });
    world.end(firefox);
    world.copy(firefox, { rule: 'browsing', action: 'allow' });
    const [first = 0, second = 0] = world.tickets.keys();
    world.find(first);
    assert.deepEqual(ends(world), [{ time: world.now, ...totals }]);
    world.end(firefox, { ...totals, bytesOut: 1 });
    world.find(second);
    assert.deepEqual(
      ends(world).map((end) => end?.bytesOut),
      [700, 1],
    );
  });

  test('waits for the answer of a held flow', () => {
    const world = new World({ mode: 'ask' });
    world.send(firefox);
    world.end(firefox);
    assert.deepEqual(ends(world), []);
    const [prompt] = world.engine.prompts();
    world.answer(prompt?.id ?? '', 'allow');
    assert.deepEqual(
      world.connections().map(({ action, reason, end }) => [action, reason, end?.bytesOut]),
      [['allow', 'answer', 700]],
    );
  });

  test('waits for the first policy', () => {
    const world = new World();
    world.send(firefox);
    world.end(firefox);
    world.policy('allow');
    assert.deepEqual(ends(world), [{ time: world.now, ...totals }]);
  });

  test('is not lost when nothing is enforced any more', () => {
    const world = new World({ mode: 'ask', attributes: false });
    world.send(firefox);
    world.end(firefox);
    world.policy('observe');
    for (const ticket of world.tickets.keys()) world.find(ticket);
    assert.deepEqual(
      world.connections().map(({ enforced, end }) => [enforced, end?.bytesOut]),
      [[false, 700]],
    );
  });

  test('is not lost when Postern stops', () => {
    const world = new World({ mode: 'ask', attributes: false });
    world.send(firefox);
    world.copy(curl, { rule: 'web', action: 'allow' });
    world.end(firefox);
    world.end(curl);
    world.handle({ type: 'stop' });
    assert.deepEqual(
      ends(world).map((end) => end?.bytesIn),
      [5000, 5000],
    );
  });
});

type Step =
  | { readonly do: 'come' | 'end'; readonly who: number }
  | { readonly do: 'find' | 'answer' | 'pass' | 'swap' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('come' as const, 'end' as const), who: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('find', 'answer', 'pass', 'swap') }) },
);

const policies = [['allow firefox'], ['allow firefox', 'reject wget', 'ask curl'], ['drop firefox', 'allow wget']];

test('what is told of a known flow stands in exactly one record, whenever it comes', () => {
  const flows = ['firefox', 'curl', 'wget'].flatMap((name, index) => [
    { text: `${name} from ${40_001 + index} → 192.0.2.1:443/tcp`, copied: false },
    { text: `${name} from ${40_011 + index} → 192.0.2.1:443/tcp`, copied: true },
  ]);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), fc.boolean(), (steps, attributes) => {
      const world = new World({ mode: 'ask', rules: policies[0], attributes });
      /** By flow, its last packet, and whether it has ended since. */
      const came = new Map<string, { readonly last: number; readonly ended: boolean }>();
      const find = (most = Number.POSITIVE_INFINITY) => {
        for (const ticket of [...world.tickets.keys()].slice(0, most)) world.find(ticket);
      };
      const isHeld = (text: string) => world.waiting.has(came.get(text)?.last ?? 0);
      let told = 0;
      let swaps = 0;
      for (const [index, next] of steps.entries()) {
        const flow = 'who' in next ? flows[next.who] : undefined;
        if (next.do === 'find') find(1);
        else if (next.do === 'pass') world.pass(7_000);
        else if (next.do === 'swap') world.policy('ask', policies[++swaps % policies.length]);
        else if (next.do === 'answer') for (const { id } of world.engine.prompts()) world.answer(id, 'allow');
        else if (flow !== undefined && next.do === 'come') {
          // All packets of a flow that is held wait for one record.
          const ended = isHeld(flow.text) && came.get(flow.text)?.ended === true;
          if (flow.copied) world.copy(flow.text, { rule: 'known', action: 'allow' });
          else world.send(flow.text);
          came.set(flow.text, { last: world.lastId, ended });
        } else if (flow !== undefined) {
          const bytesOut = 2 ** (index % 50);
          const known = came.get(flow.text);
          if (known?.ended === true && !isHeld(flow.text)) continue;
          if (known !== undefined) {
            told += bytesOut;
            came.set(flow.text, { ...known, ended: true });
          }
          world.end(flow.text, { ...totals, bytesOut });
        }
      }
      find();
      world.pass(200_000);
      find();
      const recorded = pick(world.effects, 'connection')
        .map(({ connection }) => connection)
        .filter(({ end }) => end !== undefined);
      assert.equal(new Set(recorded.map(({ id }) => id)).size, recorded.length, 'an end is the last word');
      const sum = recorded.reduce((all, { end }) => all + (end as ConnectionEnd).bytesOut, 0);
      assert.equal(sum, told);
    }),
    { numRuns: 500 },
  );
});
