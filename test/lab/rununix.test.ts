// `postern run` and Unix sockets: services that start things for whoever asks are seen, and with --strict they are out of reach.
import assert from 'node:assert/strict';
import { cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { RunReport } from '#model/run/run.ts';
import { Lab, type Postern, type Ran, type RunOptions, type Talker } from './lab.ts';

const python = '/usr/bin/python3';
const member = 'pt-member';
const docker = '/run/docker.sock';
const bus = '/run/dbus/system_bus_socket';
const systemd = '/run/systemd/private';
const nobodys = '/run/nobodys.sock';
const abstract = '@pt-abstract';

describe('postern run and the sockets of services', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let listener: Talker;
  let asker: string;
  let link: string;
  let seen: boolean;

  before(async () => {
    lab = await Lab.create();
    await lab.ownRun();
    lab.group('postern');
    lab.account(member);
    lab.group('postern', member);
    asker = join(lab.folder, 'asker.py');
    for (const name of ['asker.py', 'listener.py']) cpSync(join(import.meta.dirname, name), join(lab.folder, name));
    link = join(lab.folder, 'link');
    symlinkSync(docker, link);
    const services = [docker, bus, `~${systemd}`, nobodys, abstract];
    listener = lab.talker([python, join(lab.folder, 'listener.py'), ...services], { user: member });
    await listener.next();
    postern = await lab.postern({ mode: 'allow' });
    seen = await postern.decidesInKernel();
  });
  after(async () => {
    await postern?.stop();
    await lab?.close();
  });

  const run = (flags: readonly string[], command: readonly string[], options: RunOptions = {}): Promise<Ran> =>
    postern.cli(['run', '--report', '-', '--quiet', ...flags, '--', ...command], options);
  const split = ({ stdout }: Ran): { said: string[]; report: RunReport } => {
    const at = stdout.indexOf('{\n');
    return { said: stdout.slice(0, at).trim().split('\n'), report: JSON.parse(stdout.slice(at)) as RunReport };
  };
  const told = ({ services }: RunReport) =>
    services.map(({ service, socket, action, by, times }) => [service, socket, action, by, times]);

  for (const user of [member, undefined]) {
    const who = user === undefined ? {} : { user };
    const name = user ?? 'root';

    test(`${name}: they are reached, and that is told, whatever the path to them`, async () => {
      const script = `cd /run; ${python} ${asker} ${docker} ${link} docker.sock ../run/./docker.sock /proc/self/root/run/docker.sock /var/run/docker.sock ${bus} ~${systemd} ${nobodys} ${abstract}; sleep 1`;
      const ran = await run([], ['sh', '-c', script], who);
      const { said, report } = split(ran);
      assert.deepEqual(said, Array(10).fill('reached'), ran.stderr);
      assert.equal(await listener.next(), 'a datagram');
      if (!seen) {
        assert.deepEqual(report.services, []);
        assert.match(report.servicesUnseen ?? '', /^without eBPF nobody tells of Unix sockets/);
        return;
      }
      console.log(JSON.stringify(told(report)));
    });
  }
});
