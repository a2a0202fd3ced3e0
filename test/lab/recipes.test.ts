// The five classic recipes, with real programs, users and groups.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { LogLine, RuleView } from '#model/api.ts';
import { Lab, type Postern } from './lab.ts';
import { world } from './namespaces.ts';

const url = `http://${world.v4}/`;

describe('recipes', () => {
  let lab: Lab;
  let postern: Postern;

  before(async () => {
    lab = await Lab.create();
    for (const name of ['pt-vagrant', 'pt-other']) lab.account(name);
    lab.group('pt-noinet', 'pt-vagrant');
  });
  after(async () => {
    await postern?.stop();
    await lab.close();
  });

  const hits = async (name: string) =>
    (await postern.json<RuleView[]>(['rules'])).find((rule) => rule.name === name)?.hits ?? 0;
  const logOf = (app: string) => postern.json<LogLine[]>(['log', '--app', app]);

  test('a: everything root sends is logged, and logging decides nothing', async () => {
    postern = await lab.postern({
      mode: 'lockdown',
      rules: {
        '10-a.yaml': `
rules:
  - { name: root-watch, action: log, user: root }
  - { name: curl, action: allow, app: /usr/bin/curl }
`,
      },
    });
    assert.equal((await lab.curl(url)).code, 0);
    const refused = await lab.run(['wget', '-q', '-T', '15', '-t', '1', '-O', '/dev/null', url]);
    assert.notEqual(refused.code, 0);
    await postern.until(async () => (await hits('root-watch')) >= 2, 'two logged connections');
    await postern.until(
      async () => (await logOf('curl')).length > 0 && (await logOf('wget')).length > 0,
      'both in the log',
    );
    const [curl] = await logOf('curl');
    const [wget] = await logOf('wget');
    assert.deepEqual([curl?.action, curl?.rule, curl?.logged], ['allow', 'curl', ['root-watch']]);
    assert.deepEqual([wget?.action, wget?.rule, wget?.logged], ['reject', null, ['root-watch']]);
    assert.equal((await lab.curl(url, { user: 'pt-other' })).code, 0);
    await postern.until(async () => (await logOf('curl')).length >= 2, 'the other user in the log');
    const other = (await logOf('curl')).find(({ user }) => user === 'pt-other');
    assert.deepEqual(other?.logged, []);
    assert.equal(await postern.stop(), 0);
  });

  test('b: ICMP is refused for all and allowed for one user', async () => {
    postern = await lab.postern({
      mode: 'allow',
      rules: {
        '10-b.yaml': `
rules:
  - { name: no-icmp, action: reject, protocol: icmp }
  - { name: vagrant-icmp, action: allow, protocol: icmp, user: pt-vagrant }
`,
      },
    });
    // No group of this namespace may use ping sockets: what ping can do here is done by the file's cap_net_raw alone.
    const ping = await lab.run([
      'sh',
      '-c',
      'echo 1 0 >/proc/sys/net/ipv4/ping_group_range; readlink -f "$(command -v ping)"',
    ]);
    assert.equal(ping.code, 0, ping.stderr);
    const bare = join(lab.folder, 'ping');
    copyFileSync(ping.stdout.trim(), bare);
    chmodSync(bare, 0o755);
    const unable = await lab.run([bare, '-c', '1', '-W', '15', world.v4], { user: 'pt-vagrant' });
    assert.match(unable.stderr, /not permitted|denied/i, 'without it there is no ping');
    const allowed = await lab.run(['ping', '-c', '1', '-W', '15', world.v4], { user: 'pt-vagrant' });
    assert.equal(allowed.code, 0, allowed.stdout + allowed.stderr);
    const refused = await lab.run(['ping', '-c', '1', '-W', '30', world.v4], { user: 'pt-other' });
    assert.equal(refused.code, 1, refused.stdout);
    assert.match(refused.stdout, /Destination Host Prohibited|Packet filtered/);
    assert.ok(refused.ms < 15_000, `refused at once, not after ${refused.ms} ms`);
    await postern.until(async () => (await hits('no-icmp')) > 0 && (await hits('vagrant-icmp')) > 0, 'the counters');
    assert.equal(await postern.stop(), 0);
  });

  test('c: a member of noinet loses the network with sg, also where an app rule allows the program', async () => {
    postern = await lab.postern({
      mode: 'allow',
      rules: {
        '10-c.yaml': `
rules:
  - { name: noinet, action: reject, group: pt-noinet }
  - { name: curl, action: allow, app: /usr/bin/curl }
`,
      },
    });
    const inside = await lab.run(['sg', 'pt-noinet', '-c', `curl -s -m 30 -o /dev/null ${url}`], {
      user: 'pt-vagrant',
    });
    assert.equal(inside.code, 7, inside.stderr);
    assert.ok(inside.ms < 15_000, `refused at once, not after ${inside.ms} ms`);
    assert.equal((await lab.curl(url, { user: 'pt-vagrant' })).code, 0);
    await postern.until(async () => (await hits('noinet')) > 0, 'the hit of the fence');
    // An exception that would lose is raised to the fence's priority, and that is said.
    const added = await postern.cli([
      'rule',
      'add',
      'allow',
      '--group',
      'pt-noinet',
      '--to',
      `${world.v4}`,
      '--port',
      '8080',
    ]);
    assert.match(added.stdout, /fence/);
    assert.equal(
      (
        await lab.run(['sg', 'pt-noinet', '-c', `curl -s -m 15 -o /dev/null http://${world.v4}:8080/`], {
          user: 'pt-vagrant',
        })
      ).code,
      0,
    );
    assert.equal(await postern.stop(), 0);
  });

  test('d: a whole program by its path, by its hash, by its pid', async () => {
    const copy = join(lab.folder, 'mycurl');
    copyFileSync('/usr/bin/curl', copy);
    chmodSync(copy, 0o755);
    const hash = createHash('sha256').update(readFileSync('/usr/bin/wget')).digest('hex');
    postern = await lab.postern({
      mode: 'lockdown',
      rules: {
        '10-d.yaml': `
rules:
  - { name: by-path, action: allow, app: ${copy} }
  - { name: by-hash, action: allow, app: { sha256: ${hash} } }
`,
      },
    });
    assert.equal((await lab.curl(url)).code, 7, 'another path');
    assert.equal((await lab.curl(url, { program: copy })).code, 0, 'by path');
    const wget = ['-q', '-T', '15', '-t', '1', '-O', '/dev/null', url];
    assert.equal((await lab.run(['wget', ...wget])).code, 0, 'by hash');
    const moved = join(lab.folder, 'renamed-wget');
    copyFileSync('/usr/bin/wget', moved);
    chmodSync(moved, 0o755);
    assert.equal((await lab.run([moved, ...wget])).code, 0, 'by hash, whatever its name');
    const script = `import socket,sys
for line in sys.stdin:
    try: socket.create_connection(('${world.v4}', 80), 15); print('in', flush=True)
    except OSError as e: print('out', flush=True)`;
    const [one, two] = [lab.talker(['/usr/bin/python3', '-c', script]), lab.talker(['/usr/bin/python3', '-c', script])];
    assert.equal(await one.say(), 'out');
    const added = await postern.cli(['rule', 'add', 'allow', '--pid', String(one.child.pid)]);
    assert.equal(added.code, 0, added.stderr);
    assert.deepEqual([await one.say(), await two.say()], ['in', 'out'], 'by pid');
    one.end();
    two.end();
    assert.equal(await postern.stop(), 0);
  });

  test('e: run --no-network leaves no network, for any user and without a daemon', async () => {
    const bin = join(import.meta.dirname, '../../bin/postern');
    for (const options of [{}, { user: 'pt-other' }]) {
      const ran = await lab.run([bin, 'run', '--no-network', '--', 'ping', '-c', '1', '8.8.8.8'], options);
      assert.match(ran.stderr, /Network is unreachable/);
      assert.notEqual(ran.code, 0);
    }
    const code = await lab.run([bin, 'run', '--no-network', '--', 'sh', '-c', 'exit 7'], { user: 'pt-other' });
    assert.equal(code.code, 7, 'the exit code is the command’s own');
    const id = await lab.run([bin, 'run', '--no-network', '--', 'id', '-un'], { user: 'pt-other' });
    assert.equal(id.stdout.trim(), 'pt-other');
  });
});
