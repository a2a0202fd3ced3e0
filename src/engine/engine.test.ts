// The engine case by case: what each event does, in the words of DESIGN sections 2 to 4.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { flowKey } from '#model/flow.ts';
import { attempt, program } from '../../test/dsl.ts';
import { pick, World } from '../../test/engine/world.ts';
import { defaultQueueLength, sharesOf } from './limits.ts';

const firefox = 'firefox → 192.0.2.1:443/tcp';

suite('a decided flow', () => {
  test('is allowed at once, recorded and counted as a hit of its rule', () => {
    const world = new World({ mode: 'ask', rules: ['allow firefox as browsing'] });
    world.send(firefox);
    assert.equal(world.last, 'accept');
    assert.equal(world.hits('browsing'), 1);
    const [row] = world.connections();
    assert.equal(row?.action, 'allow');
    assert.equal(row?.rule, 'browsing');
    assert.equal(row?.reason, 'rule');
    assert.equal(row?.enforced, true);
    assert.equal(row?.attempt.process?.exe, '/usr/bin/firefox');
    assert.deepEqual(row?.evidence, ['sock_diag', 'proc']);
    assert.match(row?.id ?? '', /^k0-1$/);
  });

  test('is rejected or dropped as its rule says', () => {
    const world = new World({ mode: 'allow', rules: ['reject curl', 'drop wget'] });
    world.send('curl → 192.0.2.1:80/tcp');
    assert.equal(world.last, 'reject');
    world.send('wget → 192.0.2.1:80/tcp');
    assert.equal(world.last, 'drop');
    world.send('ssh → 192.0.2.1:22/tcp');
    assert.equal(world.last, 'accept');
    assert.deepEqual(
      world.connections().map(({ reason }) => reason),
      ['rule', 'rule', 'mode'],
    );
  });

  test('hits each log rule once, and a deciding rule that logs not twice', () => {
    const world = new World({ mode: 'allow', rules: ['log any as all', 'reject curl log true as no-curl'] });
    world.send('curl → 192.0.2.1:80/udp');
    world.send('curl → 192.0.2.1:80/udp');
    assert.equal(world.hits('all'), 1);
    assert.equal(world.hits('no-curl'), 1);
    assert.deepEqual(world.connections()[0]?.logged, ['all', 'no-curl']);
  });

  test('in lockdown is rejected by the mode', () => {
    const world = new World({ mode: 'lockdown' });
    world.send(firefox);
    assert.equal(world.last, 'reject');
    assert.equal(world.connections()[0]?.reason, 'mode');
  });
});

suite('a later packet of a decided flow', () => {
  test('goes to the same record, which is reported at most once a second', () => {
    const world = new World({ mode: 'allow', rules: ['reject curl'] });
    for (let count = 0; count < 10; count++) world.send('curl → 192.0.2.1:53/udp');
    assert.equal(pick(world.effects, 'connection').length, 1);
    const later = world.pass(1000);
    assert.equal(pick(later, 'connection').length, 1);
    assert.equal(world.connections().length, 1);
    assert.equal(world.connections()[0]?.packets, 10);
    assert.equal(world.verdicts.size, 10);
    assert.equal(world.hits('reject curl'), 1);
    assert.equal(world.engine.nextDeadline(), undefined);
  });

  test('is decided anew, and the record says so at once', () => {
    const world = new World({ mode: 'allow', rules: ['reject curl'] });
    world.send('curl → 192.0.2.1:53/udp');
    world.policy('allow', ['allow curl as curl-again']);
    world.send('curl → 192.0.2.1:53/udp');
    assert.equal(world.last, 'accept');
    const rows = world.connections();
    assert.equal(rows.length, 1);
    assert.equal(rows[0]?.action, 'allow');
    assert.equal(rows[0]?.rule, 'curl-again');
    assert.equal(rows[0]?.revision, 2);
  });

  test('from another process is another connection', () => {
    const world = new World({ mode: 'allow' });
    world.send('curl → 192.0.2.1:53/udp');
    world.send('dig → 192.0.2.1:53/udp');
    assert.equal(world.connections().length, 2);
  });

  test('after exec is another program’s connection', () => {
    const world = new World({ mode: 'allow' });
    const before = attempt(firefox);
    world.send(before);
    world.send({ ...before, process: { ...before.process, exe: '/usr/bin/other' } });
    assert.equal(world.connections().length, 2);
  });
});

suite('a question', () => {
  test('holds the packet, and an answer lets it go with its reason', () => {
    const world = new World({ mode: 'ask' });
    const effects = world.send(firefox);
    assert.equal(world.last, 'held');
    const [opened] = pick(effects, 'prompt-opened');
    assert.equal(opened?.prompt.id, 'k0-1');
    assert.equal(opened?.prompt.deadline, world.now + 30_000);
    assert.deepEqual([opened?.prompt.flows, opened?.prompt.packets], [1, 1]);
    world.now += 500;
    const answered = world.answer('k0-1', 'allow');
    assert.equal(world.last, 'accept');
    assert.deepEqual(pick(answered, 'prompt-closed'), [
      { type: 'prompt-closed', id: 'k0-1', outcome: 'answered', action: 'allow' },
    ]);
    const [row] = world.connections();
    assert.equal(row?.reason, 'answer');
    assert.equal(row?.heldMs, 500);
    assert.equal(world.counted('prompt'), 1);
    assert.equal(world.counted('answered'), 1);
    assert.deepEqual(world.engine.prompts(), []);
  });

  test('is one for the same app, user and destination', () => {
    const world = new World({ mode: 'ask' });
    world.send('firefox from 40001 → 192.0.2.1:443/tcp');
    world.send('firefox from 40002 → 192.0.2.1:443/tcp');
    world.send('firefox from 40002 → 192.0.2.1:443/tcp');
    assert.deepEqual([world.engine.prompts()[0]?.flows, world.engine.prompts()[0]?.packets], [2, 3]);
    for (const other of [
      'firefox of 1001 → 192.0.2.1:443/tcp',
      'firefox → 192.0.2.1:80/tcp',
      'firefox → 192.0.2.1:443/udp',
      'firefox → 192.0.2.2:443/tcp',
      'curl from 40009 → 192.0.2.1:443/tcp',
    ]) {
      world.send(other);
    }
    assert.equal(world.engine.prompts().length, 6);
    world.answer('k0-1', 'reject');
    assert.deepEqual(
      [...world.verdicts],
      [
        [1, 'reject'],
        [2, 'reject'],
        [3, 'reject'],
      ],
    );
  });

  test('of incoming flows is one for each peer and listening port', () => {
    const world = new World({ mode: 'ask' });
    world.send('sshd at 22 ← 198.51.100.7:50000/tcp');
    world.send('sshd at 22 ← 198.51.100.7:50001/tcp');
    world.send('sshd at 2222 ← 198.51.100.7:50001/tcp');
    world.send('sshd at 22 ← 198.51.100.8:50000/tcp');
    assert.deepEqual(
      world.engine.prompts().map(({ flows }) => flows),
      [2, 1, 1],
    );
  });

  test('ends exactly at its deadline with a rejection, whatever event comes', () => {
    for (const mode of ['ask', 'allow', 'lockdown'] as const) {
      const world = new World({ mode, rules: ['ask firefox'] });
      world.send(firefox);
      world.now += 29_999;
      world.handle({ type: 'tick' });
      assert.equal(world.last, 'held');
      assert.equal(world.engine.nextDeadline(), world.now + 1);
      world.now += 1;
      assert.equal(world.engine.hasPrompt('k0-1', world.now), false);
      const effects = world.answer('k0-1', 'allow');
      assert.equal(world.last, 'reject');
      assert.deepEqual(pick(effects, 'prompt-closed')[0]?.outcome, 'deadline');
      assert.equal(world.connections()[0]?.reason, 'deadline');
      assert.equal(world.connections()[0]?.rule, 'ask firefox');
      assert.equal(world.counted('expired'), 1);
    }
  });

  test('is not delayed and does not delay: a known program passes while 200 are open', () => {
    const world = new World({ mode: 'ask', rules: ['allow ssh'] });
    for (let count = 0; count < 200; count++) world.send(`app${count} from ${count + 1} → 192.0.2.1:443/tcp`);
    assert.equal(world.engine.prompts().length, 200);
    world.send('ssh → 192.0.2.1:22/tcp');
    assert.equal(world.last, 'accept');
  });

  test('that nobody asked changes nothing', () => {
    const world = new World({ mode: 'ask' });
    assert.equal(world.engine.hasPrompt('k0-9', world.now), false);
    assert.deepEqual(world.answer('k0-9', 'allow'), []);
  });

  test('reports what joins it at most once a second, the last state in the end', () => {
    const world = new World({ mode: 'ask' });
    for (let count = 0; count < 20; count++) world.send(firefox);
    assert.equal(pick(world.effects, 'prompt-changed').length, 0);
    const later = pick(world.pass(1000), 'prompt-changed');
    assert.deepEqual(
      later.map(({ prompt }) => prompt.packets),
      [20],
    );
  });

  test('is asked for an unknown program like for any other', () => {
    const world = new World({ mode: 'ask' });
    const { flow } = attempt(firefox);
    const effects = world.handle({
      type: 'packet',
      packet: { ...world.packet({ flow, names: [] }), uid: 1007, gid: 7 },
    });
    assert.deepEqual(pick(effects, 'prompt-opened')[0]?.prompt.attempt.process, { uid: 1007, gid: 7 });
    assert.equal(world.counted('unattributed'), 1);
  });
});

suite('an answer holds for the whole flow', () => {
  test('so that a retransmitted SYN after `drop` is not asked again', () => {
    const world = new World({ mode: 'ask' });
    world.send(firefox);
    world.answer('k0-1', 'drop');
    world.now += 1000;
    world.send(firefox);
    assert.equal(world.last, 'drop');
    assert.equal(world.connections().length, 1);
    assert.equal(world.connections()[0]?.reason, 'answer');
  });

  test('but a rule that decides goes before it', () => {
    const world = new World({ mode: 'ask' });
    world.send(firefox);
    world.answer('k0-1', 'allow');
    world.policy('ask', ['reject firefox']);
    world.send(firefox);
    assert.equal(world.last, 'reject');
  });

  test('and it is no answer for another program on the same addresses and ports', () => {
    const world = new World({ mode: 'ask' });
    world.send(firefox);
    world.answer('k0-1', 'allow');
    world.send('curl → 192.0.2.1:443/tcp');
    assert.equal(world.last, 'held');
  });
});

suite('attribution', () => {
  test('that takes long holds the packets, and later ones join', () => {
    const world = new World({ mode: 'ask', rules: ['allow firefox'], attributes: false });
    const [asked] = pick(world.send(firefox), 'attribute');
    world.send(firefox);
    assert.equal(world.engine.held, 2);
    world.now += 90;
    world.find(asked?.ticket ?? 0);
    assert.deepEqual([...world.verdicts.values()], ['accept', 'accept']);
    assert.equal(world.connections()[0]?.packets, 2);
    assert.deepEqual(world.find(asked?.ticket ?? 0), [], 'a second reply is ignored');
  });

  test('that never replies ends after five seconds: decided without the program', () => {
    const world = new World({ mode: 'lockdown', rules: ['allow firefox'], attributes: false });
    world.send(firefox);
    assert.equal(world.engine.nextDeadline(), world.now + 5000);
    world.pass(5000);
    assert.equal(world.last, 'reject');
    assert.equal(world.connections()[0]?.reason, 'unattributed');
    assert.deepEqual(world.connections()[0]?.attempt.process, { uid: 1000, gid: 1000 });
  });

  test('that replies after its time is still used when nothing came between', () => {
    const world = new World({ mode: 'lockdown', rules: ['allow firefox'], attributes: false });
    const [asked] = pick(world.send(firefox), 'attribute');
    world.now += 6000;
    world.find(asked?.ticket ?? 0);
    assert.equal(world.last, 'accept');
  });

  test('gives way to the effective ids of the packet', () => {
    const world = new World({ mode: 'ask', rules: ['allow sg user 33'] });
    const { flow, process } = attempt('sg → 192.0.2.1:80/tcp');
    world.handle({ type: 'packet', packet: { ...world.packet({ flow, process, names: [] }), uid: 33, gid: 55 } });
    assert.equal(world.last, 'accept');
    assert.equal(world.connections()[0]?.attempt.process?.uid, 33);
    assert.equal(world.connections()[0]?.attempt.process?.gid, 55);
  });

  test('names the kernel as such', () => {
    const world = new World({ mode: 'allow' });
    world.send('kernel → 192.0.2.1/icmp');
    assert.deepEqual(world.connections()[0]?.attempt.process, { kernel: true });
    assert.equal(world.counted('unattributed'), 0);
  });

  test('keeps flows of two users apart that have the same addresses and ports', () => {
    const world = new World({ mode: 'ask', attributes: false });
    const { flow, process } = attempt('ping → 192.0.2.1/icmp');
    for (const uid of [1, 2]) {
      world.handle({ type: 'packet', packet: { ...world.packet({ flow, process, names: [] }), uid, gid: uid } });
    }
    for (const ticket of [...world.tickets.keys()]) world.find(ticket);
    assert.equal(world.engine.prompts().length, 2);
  });
});

suite('a new policy', () => {
  test('decides what is asked, and the rest stays asked', () => {
    const world = new World({ mode: 'ask' });
    world.send('firefox from 1 → 192.0.2.1:443/tcp');
    world.send('firefox from 2 → 192.0.2.1:443/tcp');
    world.send('curl → 192.0.2.1:443/tcp');
    const effects = world.policy('ask', ['allow firefox']);
    assert.deepEqual(pick(effects, 'prompt-closed'), [
      { type: 'prompt-closed', id: 'k0-1', outcome: 'policy', action: 'allow' },
    ]);
    assert.deepEqual([...world.verdicts.values()], ['accept', 'accept']);
    assert.equal(world.engine.prompts().length, 1);
  });

  test('revokes what was allowed and no longer is', () => {
    const world = new World({ mode: 'ask', rules: ['allow firefox', 'allow curl', 'allow ssh', 'allow wget'] });
    ['firefox', 'curl', 'ssh', 'wget'].forEach((name, at) => {
      world.send(`${name} from ${at + 1} → 192.0.2.1:443/tcp`);
    });
    const keys = world.effects.flatMap((effect) => (effect.type === 'attribute' ? flowKey(effect.flow) : []));
    assert.ok(keys.every((key) => world.engine.isAllowed(key)));
    const effects = world.policy('ask', ['allow firefox', 'reject curl', 'drop ssh']);
    assert.deepEqual(
      pick(effects, 'revoke').map(({ key, action }) => [key, action]),
      [
        [keys[1], 'reject'],
        [keys[2], 'drop'],
        [keys[3], 'ask'],
      ],
    );
    assert.deepEqual(
      keys.map((key) => world.engine.isAllowed(key)),
      [true, false, false, false],
    );
    assert.deepEqual(
      world.connections().map(({ action }) => action),
      ['allow', 'reject', 'drop', 'allow'],
    );
    assert.equal(world.hits('reject curl'), 1);
    world.send('wget from 4 → 192.0.2.1:443/tcp');
    assert.equal(world.last, 'held', 'its next packet is asked');
  });

  test('does not ask again for what was answered, but a refusal voids it', () => {
    const world = new World({ mode: 'ask' });
    world.send(firefox);
    world.answer('k0-1', 'allow');
    assert.deepEqual(pick(world.policy('ask', ['allow curl']), 'revoke'), []);
    assert.equal(pick(world.policy('lockdown'), 'revoke').length, 1);
  });

  test('decides 3000 remembered flows anew in several turns, none left out', () => {
    const world = new World({ mode: 'allow' });
    for (let port = 1; port <= 3000; port++) world.send(`curl from ${port} → 192.0.2.1:443/tcp`);
    const first = world.policy('allow', ['reject curl']);
    assert.ok(pick(first, 'revoke').length < 1000);
    assert.equal(world.engine.nextDeadline(), world.now);
    const rest = world.pass(0);
    assert.equal(pick(first, 'revoke').length + pick(rest, 'revoke').length, 3000);
  });

  test('that comes before the last one is worked through starts anew', () => {
    const world = new World({ mode: 'allow' });
    for (let port = 1; port <= 1000; port++) world.send(`curl from ${port} → 192.0.2.1:443/tcp`);
    world.policy('allow', ['allow curl']);
    const effects = [...world.policy('allow', ['reject curl']), ...world.pass(0)];
    assert.equal(pick(effects, 'revoke').length, 1000);
  });

  test('of mode observe or off lets everything held pass', () => {
    for (const mode of ['observe', 'off'] as const) {
      const world = new World({ mode: 'ask' });
      world.send(firefox);
      world.attributes = false;
      const [found] = pick(world.send('curl → 192.0.2.1:80/tcp'), 'attribute');
      const effects = world.policy(mode);
      assert.deepEqual([...world.verdicts.values()], ['accept', 'accept']);
      assert.deepEqual(pick(effects, 'prompt-closed')[0]?.outcome, 'mode');
      assert.equal(world.connections()[0]?.enforced, false);
      world.find(found?.ticket ?? 0, program('curl'));
      assert.equal(world.connections().length, mode === 'observe' ? 2 : 1);
      assert.equal(world.engine.nextDeadline(), undefined);
    }
  });

  test('is waited for: packets before the first one are held', () => {
    const world = new World();
    world.send(firefox);
    assert.equal(world.last, 'held');
    world.policy('lockdown', ['allow firefox']);
    assert.equal(world.last, 'accept');
  });

  test('that never comes leaves what waits for it rejected', () => {
    const world = new World();
    world.send(firefox);
    world.pass(5000);
    assert.equal(world.last, 'reject');
    assert.equal(world.connections()[0]?.reason, 'deadline');
  });
});

suite('observe', () => {
  test('records what would have been done, and enforces nothing', () => {
    const world = new World({ mode: 'observe', rules: ['reject curl', 'ask firefox'] });
    world.copy('curl → 192.0.2.1:80/tcp');
    world.copy(firefox);
    assert.deepEqual(
      world.connections().map(({ action, enforced }) => [action, enforced]),
      [
        ['reject', false],
        ['ask', false],
      ],
    );
    assert.equal(world.hits('reject curl'), 1);
    assert.equal(pick(world.effects, 'verdict').length, 0);
    assert.equal(world.engine.isAllowed(flowKey(attempt(firefox).flow)), false);
  });

  test('lets a packet that is still queued pass, and records it', () => {
    const world = new World({ mode: 'observe', rules: ['reject curl'] });
    world.send('curl → 192.0.2.1:80/tcp');
    assert.equal(world.last, 'accept');
    assert.equal(world.connections()[0]?.enforced, false);
  });

  test('never begins to forget: copies beyond the room for attribution are recorded without their program', () => {
    const world = new World({ mode: 'observe', attributes: false });
    const room = sharesOf(defaultQueueLength).attributingOfUser;
    for (let port = 1; port <= room + 50; port++) world.copy(`curl from ${port} → 192.0.2.1:443/tcp`);
    assert.equal(world.connections().length, 50);
    world.pass(5000);
    assert.equal(world.connections().length, room + 50);
  });
});

test('what the kernel decided by a rule of its own is recorded as it was, with the log rules of the policy', () => {
  const world = new World({ mode: 'ask', rules: ['log any as all', 'reject ping as no-ping'] });
  world.copy('ping → 192.0.2.1/icmp', { rule: 'no-ping', action: 'reject' });
  const [row] = world.connections();
  assert.deepEqual([row?.action, row?.rule, row?.reason, row?.enforced], ['reject', 'no-ping', 'rule', true]);
  assert.deepEqual(row?.logged, ['all']);
  assert.equal(world.hits('no-ping'), 1);
  assert.equal(world.hits('all'), 1);
});

suite('stop', () => {
  test('gives everything held the unanswered default', () => {
    const world = new World({ mode: 'ask' });
    world.send(firefox);
    world.attributes = false;
    world.send('curl → 192.0.2.1:80/tcp');
    const effects = world.handle({ type: 'stop' });
    assert.deepEqual([...world.verdicts.values()].sort(), ['reject', 'reject']);
    assert.deepEqual(pick(effects, 'prompt-closed')[0]?.outcome, 'gone');
    assert.ok(world.connections().every(({ reason }) => reason === 'shutdown'));
    world.send(firefox);
    assert.equal(world.last, 'reject');
    assert.equal(world.engine.nextDeadline(), undefined);
  });

  test('reports what was still to be reported', () => {
    const world = new World({ mode: 'allow' });
    world.send(firefox);
    world.send(firefox);
    world.handle({ type: 'stop' });
    assert.equal(world.connections()[0]?.packets, 2);
  });
});

test('an id that is queued twice is a broken invariant', () => {
  const world = new World({ mode: 'ask' });
  const packet = world.packet(firefox);
  world.handle({ type: 'packet', packet });
  assert.throws(() => world.engine.handle({ type: 'packet', packet }, world.now), /queued packet 1 twice/);
});

test('a flow on loopback goes out and comes in, each with its own decision', () => {
  const world = new World({ mode: 'lockdown', rules: ['allow curl'] });
  const out = attempt('curl from 5000 → 127.0.0.1:80/tcp');
  const near = { address: out.flow.remote.address, port: 5000 };
  const flow = { ...out.flow, direction: 'in', local: out.flow.remote, remote: near } as const;
  world.send(out);
  assert.equal(world.last, 'accept');
  world.send({ flow, process: program('httpd'), names: [] });
  assert.equal(world.last, 'reject');
});
