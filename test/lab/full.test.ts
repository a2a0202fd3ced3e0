// Full to the brim: a queue with no room while the gate does not read, and a disk with none under the journal.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import type { LogLine, RuleChange, Status } from '#model/api.ts';
import { failModes } from '#model/mode.ts';
import { Lab, type Postern } from './lab.ts';
import { world } from './namespaces.ts';

const dialler = join(import.meta.dirname, 'dialler.py');
const queueLength = 16_384;
const users = ['pt-vagrant', 'pt-other', 'pt-third'];
/** Of each user: together more than the queue takes, and no one more than 8,000 a second. */
const perUser = 7_000;

// Port 443 the kernel allows by itself, port 8080 it refuses by itself, curl on port 80 needs the gate.
const rules = `
rules:
  - { name: web, action: allow, port: 443, protocol: tcp, priority: 20 }
  - { name: no-8080, action: reject, port: 8080, protocol: tcp, priority: 20 }
  - { name: curl, action: allow, app: /usr/bin/curl }
`;

describe('full', () => {
  let lab: Lab;
  let postern: Postern;

  before(async () => {
    lab = await Lab.create();
    for (const name of users) lab.account(name);
  });
  afterEach(() => postern?.stop());
  after(() => lab.close());

  const get = async (port: number, maxSeconds = 10) =>
    (await lab.curl(`http://${world.v4}:${port}/`, { maxSeconds })).code;
  /** Datagrams to the port that is silent. */
  const arrivedThere = async () => {
    const { silent, unread } = await lab.arrived();
    return silent + unread;
  };
  const counters = async () => {
    const { gate } = await postern.json<Status>(['status']);
    assert.ok(gate !== null);
    return gate.counters;
  };

  for (const fail of failModes) {
    test(`a queue with no room, in fail mode ${fail}`, async () => {
      postern = await lab.postern({ mode: 'lockdown', fail, rules: { '10.yaml': rules } });
      assert.equal(await get(80), 0);
      // With eBPF the kernel has learnt curl by now, and needs no gate for it.
      const isKnown = await postern.decidesInKernel();
      const before = await arrivedThere();
      const gate = postern.child('gate');
      process.kill(gate, 'SIGSTOP');
      try {
        const floods = await Promise.all(
          users.map((user) =>
            lab.run(['/usr/bin/python3', dialler, 'fill', world.v4, '7008', String(perUser), '4000'], { user }),
          ),
        );
        const sent = floods.reduce((sum, { stdout, stderr }) => {
          assert.notEqual(stdout, '', stderr);
          return sum + (JSON.parse(stdout) as { sent: number }).sent;
        }, 0);
        const beyond = sent - queueLength;
        assert.ok(beyond > 2000, `${sent} were sent`);
        // What nobody decides hangs: that is waited for no longer than it takes to see it.
        const [web, unknown] = [fail === 'closed' ? 28 : 0, fail === 'open' || isKnown ? 0 : 28];
        const seen = (port: number, code: number) => get(port, code === 28 ? 2 : 10);
        const got = { web: await seen(443, web), refused: await get(8080), unknown: await seen(80, unknown) };
        assert.deepEqual(got, { web, refused: 7, unknown }, 'what the kernel holds, and nothing else');
        const arrived = async () => (await arrivedThere()) - before;
        if (fail === 'open') {
          await postern.until(async () => (await arrived()) > beyond - 100, 'what passes a full queue');
          assert.ok((await arrived()) < beyond + 100, `${await arrived()} of ${beyond} passed a full queue`);
        } else {
          assert.equal(await arrived(), 0, 'nothing passes that nobody judged');
        }
        process.kill(gate, 'SIGCONT');
        await postern.until(
          async () => (await counters()).packets >= queueLength && (await get(80)) === 0,
          'the gate to have judged all that waited',
        );
        const { queueFull, queueUserDropped, packets, accepted, rejected, dropped } = await counters();
        if (fail === 'open') assert.equal(queueFull, 0, 'none was lost');
        else assert.ok(queueFull >= beyond && queueFull < beyond + 100, `${queueFull} of ${beyond} were counted`);
        assert.equal(queueUserDropped, 0);
        assert.ok(packets >= queueLength && packets === accepted + rejected + dropped, 'one verdict each');
        assert.equal(postern.child('gate'), gate, 'the same gate');
        if (fail === 'open') return;
        assert.equal(await arrived(), 0, 'lockdown refuses what was held');
        assert.match((await postern.cli(['status'])).stdout, /packets the kernel dropped, because the queue was full/);
      } finally {
        process.kill(gate, 'SIGCONT');
      }
    });
  }

  test('a disk with no room touches neither the gate nor its rules, and a new journal is begun when there is room', async () => {
    postern = await lab.postern({
      mode: 'lockdown',
      rules: { '10.yaml': rules },
      // In a mount namespace of its own: nobody else sees this disk of two megabytes.
      within: [
        ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c'],
        // postern up --config-dir C --state-dir S …
        'mkdir -p "$6" && mount -t tmpfs -o size=2m,mode=755 tmpfs "$6" && exec "$@"',
        'sh',
      ],
    });
    const disk = `/proc/${postern.pid}/root${join(postern.folder, 'state')}`;
    const pids = () => [postern.child('gate'), postern.child('control')];
    const before = pids();
    const log = () => postern.json<LogLine[]>(['log', '--limit', '1000']);
    assert.equal(await get(80), 0);
    await postern.until(async () => (await log()).length > 0, 'the first row');

    const fill = () => lab.run(['sh', '-c', `cat /dev/zero >${disk}/filler; sync ${disk}/filler`]);
    await fill();
    await postern.until(async () => {
      await get(80);
      await fill();
      return /journal \S+ cannot be written \(.*full/.test(postern.output);
    }, 'that it is said');
    assert.deepEqual([await get(80), await get(443), await get(8080)], [0, 0, 7], 'the rules hold');
    const added = await postern.cli(['rule', 'add', 'reject', '--app', '/usr/bin/curl', '--port', '80']);
    assert.equal(added.code, 1, 'what cannot be kept is refused');
    assert.match(added.stderr, /ENOSPC|no space/i);
    assert.equal(await get(80), 0, 'and does not hold');
    writeFileSync(
      join(postern.rulesDir, '20.yaml'),
      'rules: [{ name: no-81, action: reject, port: 81, protocol: tcp }]\n',
    );
    const names = async () => (await postern.json<{ name: string }[]>(['rules'])).map(({ name }) => name);
    await postern.until(async () => (await names()).includes('no-81'), 'a rule file to be read all the same');
    assert.deepEqual(pids(), before, 'nobody ended');

    // Somebody makes room.
    const waiting = Date.now();
    assert.equal(await get(443), 0);
    await lab.run(['sh', '-c', `rm ${disk}/filler ${disk}/journal.db*`]);
    await postern.until(() => /journal \S+ was removed, and a new one was begun/.test(postern.output), 'a new journal');
    const since = async () => (await log()).filter(({ time }) => time >= waiting);
    await postern.until(async () => (await since()).length > 0, 'the rows that waited, in the new journal');
    const kept = await postern.json<RuleChange>(['rule', 'add', 'reject', '--app', '/usr/bin/curl', '--port', '80']);
    assert.equal(kept.pending, null);
    assert.equal(await get(80), 7);
    assert.deepEqual(pids(), before);
  });
});
