// `postern run` and Unix sockets: services that start things for whoever asks are seen, and with --strict they are out of reach.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { RunReport } from '#model/run/run.ts';
import { bin, Lab, type Postern, type Ran, type RunOptions, type Talker } from './lab.ts';

const python = '/usr/bin/python3';
const member = 'pt-member';
const site = '198.51.100.7';
const docker = '/run/docker.sock';
const bus = '/run/dbus/system_bus_socket';
const systemd = '/run/systemd/private';
const nobodys = '/run/nobodys.sock';
const abstract = '@pt-abstract';

describe('postern run and the sockets of services', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let listener: Talker;
  /** The command line that asks, and the one that reaches into a process. */
  let ask: string;
  let seize: string;
  let link: string;
  let seen: boolean;

  const listen = async (...places: readonly string[]): Promise<Talker> => {
    const talker = lab.talker([python, join(lab.folder, 'listener.py'), ...places], { user: member });
    assert.equal(await talker.next(), 'ready');
    return talker;
  };

  before(async () => {
    lab = await Lab.create();
    await lab.ownRun();
    lab.group('postern');
    lab.account(member);
    lab.group('postern', member);
    for (const name of ['asker.py', 'listener.py', 'seizer.py'])
      cpSync(join(import.meta.dirname, name), join(lab.folder, name));
    ask = `${python} ${join(lab.folder, 'asker.py')}`;
    seize = `${python} ${join(lab.folder, 'seizer.py')}`;
    link = join(lab.folder, 'link');
    symlinkSync(docker, link);
    mkdirSync(join(lab.folder, 'elsewhere'));
    listener = await listen(docker, bus, `~${systemd}`, nobodys, abstract);
    postern = await lab.postern({
      mode: 'allow',
      rules: { '10.yaml': 'rules: [{ name: no-curl, action: reject, app: /usr/bin/curl, to: "203.0.113.9" }]\n' },
    });
    seen = await postern.decidesInKernel();
  });
  after(async () => {
    await postern?.stop();
    await lab?.close();
  });

  const run = (flags: readonly string[], script: string, options: RunOptions = {}): Promise<Ran> =>
    postern.cli(['run', '--quiet', ...flags, '--', 'sh', '-c', script], options);
  /** What it said, and the report. */
  const told = async (flags: readonly string[], script: string, options: RunOptions = {}) => {
    const ran = await run(['--report', '-', ...flags], script, options);
    const at = ran.stdout.indexOf('{\n');
    assert.ok(at >= 0, ran.stderr);
    const report = JSON.parse(ran.stdout.slice(at)) as RunReport;
    const services = report.services.map(({ service, socket, action, times }) => [service, socket, action, times]);
    return { said: ran.stdout.slice(0, at).trim().split('\n'), report, services: services.sort(), stderr: ran.stderr };
  };

  for (const user of [member, undefined]) {
    const name = user ?? 'root';
    const who = user === undefined ? {} : { user };

    test(`${name}: they are reached, and that is told, whatever the path to them`, async () => {
      const paths = `${docker} ${link} docker.sock ../run/./docker.sock /proc/self/root/run/docker.sock /var/run/docker.sock`;
      // Another one is over by the time that anybody looks.
      const script = `cd /run; ${ask} ${paths} ${bus} '~${systemd}' ${nobodys} ${abstract}; ${ask} --quick ${docker}`;
      const heard = listener.next();
      const { said, report, services, stderr } = await told([], script, who);
      assert.deepEqual(said, Array(11).fill('reached'), stderr);
      assert.equal(await heard, 'a datagram');
      if (!seen) {
        assert.deepEqual(services, []);
        assert.match(report.servicesUnseen ?? '', /^without eBPF nobody tells of Unix sockets/);
        return;
      }
      assert.equal(report.servicesUnseen, null);
      const all = report.services.map(({ service, socket, action, times }) => ({ service, socket, action, times }));
      const times = (socket: string) =>
        all.filter((one) => one.socket === socket).reduce((sum, one) => sum + one.times, 0);
      assert.deepEqual([...new Set(all.map(({ service }) => service))].sort(), ['D-Bus (system)', 'docker', 'systemd']);
      assert.deepEqual([times(docker), times(bus), times(systemd)], [7, 1, 1], JSON.stringify(report.services));
      assert.ok(all.every(({ action }) => action === 'allow'));
    });

    test(`${name}: with --strict they are out of reach by any path, and that is told`, async () => {
      if (!seen) {
        const refused = await run(['--strict'], 'echo never', who);
        assert.deepEqual([refused.code, refused.stdout], [4, '']);
        assert.match(refused.stderr, /--strict: abstract Unix sockets cannot be refused here: without eBPF/);
        return;
      }
      const paths = [docker, '/var/run/docker.sock', link, 'docker.sock', '/proc/self/root/run/docker.sock'];
      const script = `cd /run; ${ask} ${paths.join(' ')} ${bus} dbus/system_bus_socket '~${systemd}' ${nobodys} ${abstract}`;
      const { said, services, stderr } = await told(['--strict'], script, who);
      const covered = 'ECONNREFUSED';
      // What is written as usual is refused at once; what leads to a cover, by the cover.
      const dbus = ['EPERM', 'ENOENT'];
      assert.deepEqual(
        said,
        ['EPERM', 'EPERM', covered, covered, covered, ...dbus, 'EPERM', 'reached', 'EPERM'],
        stderr,
      );
      assert.deepEqual(services, [
        [null, abstract, 'reject', 1],
        ['D-Bus (system)', bus, 'reject', 2],
        ['docker', docker, 'reject', 5],
        ['systemd', systemd, 'reject', 1],
      ]);
    });

    test(`${name}: the covers cannot be taken away, nor looked below`, async () => {
      const elsewhere = join(lab.folder, 'elsewhere');
      const ways = [
        `umount ${docker}`,
        `umount -l /run`,
        `unshare --user --map-root-user --mount sh -c 'umount ${docker}; umount -l ${docker}; umount -l /run; ${ask} ${link}'`,
        `unshare --user --map-root-user --mount sh -c 'mount --bind /run ${elsewhere} && ${ask} ${elsewhere}/docker.sock'`,
        `unshare --user --map-root-user --mount sh -c 'mount --rbind /run ${elsewhere}; umount ${elsewhere}/docker.sock; ${ask} ${elsewhere}/docker.sock'`,
        `unshare --user --map-root-user --mount sh -c 'mount -t overlay -o lowerdir=/run:/etc overlay ${elsewhere} && ${ask} ${elsewhere}/docker.sock'`,
        `unshare --user --map-root-user --mount sh -c 'mount --move ${docker} ${elsewhere}; ${ask} ${link}'`,
        `ln ${docker} /run/hard && ${ask} /run/hard`,
        `mv ${docker} /run/moved && ${ask} /run/moved`,
        `nsenter --mount=/proc/${listener.child.pid}/ns/mnt ${ask} ${link}`,
        `${ask} /proc/${listener.child.pid}/root/run/docker.sock`,
        `${ask} /proc/1/root/run/docker.sock`,
        ask.replace(python, `chroot / ${python}`).concat(` ${link}`),
      ];
      // With a network of its own it may have it also where there is no eBPF.
      const flags = seen ? ['--strict'] : ['--strict', '--no-network'];
      const ran = await run(flags, ways.map((way) => `{ ${way}; }`).join('\n'), who);
      assert.doesNotMatch(ran.stdout, /reached/, ran.stderr);
      assert.match(ran.stdout, /ECONNREFUSED/, 'and they were tried');
      assert.equal((await lab.run(['sh', '-c', `${ask} ${docker}`], who)).stdout, 'reached\n', 'nobody else notices');
    });

    test(`${name}: no folder is left to it from before the covers`, async () => {
      const flags = seen ? '--strict' : '--no-network --strict';
      const begin = `${bin} run --runtime-dir ${join(postern.folder, 'run')} --quiet ${flags} --`;
      const asked = `${ask} /proc/self/fd/5/docker.sock /proc/self/fd/30/docker.sock`;
      const open = await lab.run(['bash', '-c', `exec 5</run 30</run; ${asked}; ${begin} ${asked}`], who);
      assert.equal(open.stdout, 'reached\nreached\nENOENT\nENOENT\n', open.stderr);
      for (const begun of [`cd /run/dbus; ${begin} echo never`, `${begin} echo never </run`]) {
        const refused = await lab.run(['bash', '-c', begun], who);
        assert.deepEqual([refused.code, refused.stdout], [4, ''], begun);
      }
    });

    test(`${name}: processes outside cannot be seized`, async () => {
      const pid = lab.spawn(['sleep', '100'], who).pid;
      const open = await run([], `${seize} ${pid}`, who);
      assert.deepEqual(open.stdout.trim().split('\n'), Array(6).fill('went'), open.stderr);
      const strict = await run(seen ? ['--strict'] : ['--no-network', '--strict'], `${seize} ${pid}`, who);
      assert.match(strict.stdout, /^(EPERM|EACCES)\n(EPERM|EACCES)\n(EPERM|EACCES)\n(EPERM|EACCES)\n(EPERM|EACCES)\n/);
      assert.doesNotMatch(strict.stdout, /went/);
    });

    test(`${name}: without a network it needs no eBPF`, async () => {
      const { said } = {
        said: (
          await run(['--no-network', '--strict'], `cd /run; ${ask} ${docker} docker.sock ${abstract} ${nobodys}`, who)
        ).stdout,
      };
      assert.equal(said, 'ECONNREFUSED\nECONNREFUSED\nECONNREFUSED\nreached\n');
    });

    test(`${name}: its user, environment, signals and exit codes are its own, and its rules hold`, async () => {
      const flags = seen ? ['--strict'] : ['--no-network', '--strict'];
      const own = await run(flags, 'id -u; cat; exit 7', { ...who, input: 'typed' });
      const uid = (await lab.run(['id', '-u'], who)).stdout.trim();
      assert.deepEqual([own.code, own.stdout], [7, `${uid}\ntyped`], own.stderr);
      assert.equal((await run(flags, 'kill -TERM $$', who)).code, 143);
      assert.equal((await postern.cli(['run', ...flags, '--quiet', '--', '/nowhere/nothing'], who)).code, 127);
      assert.equal((await postern.cli(['run', ...flags, '--quiet', '--', '/etc/passwd'], who)).code, 126);
      const trap = 'trap "exit 9" TERM; echo up; while :; do sleep 0.1; done';
      const line = [
        bin,
        'run',
        '--runtime-dir',
        join(postern.folder, 'run'),
        ...flags,
        '--quiet',
        '--',
        'sh',
        '-c',
        trap,
      ];
      const handed = lab.spawn(line, who);
      await once(handed.stdout as NodeJS.ReadableStream, 'data');
      handed.kill('SIGTERM');
      assert.deepEqual((await once(handed, 'exit'))[0], 9);
      if (!seen) return;
      const fetch = (address: string) => `curl -s -o /dev/null -m 5 http://${address}/; echo $?`;
      const ruled = await run(
        ['--strict', '--allow', site, '--allow', '203.0.113.9'],
        `${fetch(site)}; ${fetch('203.0.113.9')}; ${fetch('8.8.8.8')}`,
        who,
      );
      assert.equal(ruled.stdout, '0\n7\n7\n', 'a rule of the machine about a program knows it by its path');
    });
  }

  test('root that is confined strictly has files and users, and no right over the machine', async () => {
    const flags = seen ? ['--strict'] : ['--no-network', '--strict'];
    const tries = [
      `chown ${member} ${join(lab.folder, 'owned')} && stat -c %U ${join(lab.folder, 'owned')}`,
      `setpriv --reuid=${member} --regid=${member} --clear-groups id -un`,
      'nft list ruleset >/dev/null 2>&1; echo $?',
      'ip link add dummy9 type dummy 2>/dev/null; echo $?',
      `mount -t tmpfs tmpfs ${join(lab.folder, 'elsewhere')} 2>/dev/null; echo $?`,
    ];
    const ran = await run(flags, `touch ${join(lab.folder, 'owned')}; ${tries.join('; ')}`);
    const [owner, user, ...codes] = ran.stdout.trim().split('\n');
    assert.deepEqual([owner, user], [member, member], ran.stderr);
    assert.ok(codes.length === 3 && codes.every((code) => code !== '0'), ran.stdout);
    const both = await run(['--strict', '--raw'], 'echo never');
    assert.deepEqual([both.code, both.stdout], [2, '']);
    assert.match(both.stderr, /say one of them/);
  });

  test('the table says what was asked', async () => {
    const shown = await postern.cli(['run', '--', 'sh', '-c', `${ask} ${docker}`], { user: member });
    if (!seen) {
      assert.match(shown.stderr, /^Which services it asked over Unix sockets is not known: without eBPF /m);
      return;
    }
    assert.match(shown.stderr, /^allowed +1 +docker \(\/run\/docker\.sock\) +starts containers/m);
    assert.match(shown.stderr, /^What such a service starts is not confined; --strict keeps a command from them\.$/m);
    const quiet = await postern.cli(['run', '--', 'true'], { user: member });
    assert.equal(quiet.stderr, '');
  });

  test('more calls than are told in a second are counted', async () => {
    if (!seen) return;
    const flood = `import socket\nfor i in range(5000):\n  with socket.socket(socket.AF_UNIX) as s: s.connect("${docker}")\n`;
    const { report } = await told([], `${python} -c '${flood}'; sleep 1.2; ${ask} ${docker}`, {
      user: member,
    });
    const times = report.services.reduce((sum, one) => sum + one.times, 0);
    assert.ok(report.leftOut > 0, JSON.stringify(report.services));
    assert.equal(times + report.leftOut, 5001, 'told or counted');
  });

  test('a service that makes its socket anew is told, where it is reached', async () => {
    if (!seen) return;
    const go = join(lab.folder, 'go');
    const script = `echo up; until [ -e ${go} ]; do sleep 0.05; done; cd /run; ${ask} ${docker} docker.sock`;
    const child = lab.spawn(
      [bin, 'run', '--runtime-dir', join(postern.folder, 'run'), '--strict', '--', 'sh', '-c', script],
      { user: member },
    );
    let [stdout, stderr] = ['', ''];
    child.stdout?.on('data', (text) => (stdout += text));
    child.stderr?.on('data', (text) => (stderr += text));
    await postern.until(() => stdout.includes('up'), 'that it runs');
    await lab.run(['rm', docker]);
    await listen(docker);
    await lab.run(['touch', go]);
    await once(child, 'close');
    assert.equal(stdout, 'up\nEPERM\nreached\n');
    assert.match(stderr, /^allowed +1 +docker /m);
    assert.match(stderr, /^refused +1 +docker /m);
  });
});
