// Heard from whom it should be, again after each end, and nothing of what is wrong does harm.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { a, types } from '#wire/dns/writer.testing.ts';
import { type ResolvedAnswer, subscribeCall } from '#wire/varlink/monitor.ts';
import { answerReply, readyReply, sent } from '#wire/varlink/resolved.testing.ts';
import { type MonitorPlan, ResolvedMonitor } from './monitor.ts';
import { checkMonitorPath, monitorOwners, monitorPath } from './monitorpath.ts';

const uid = process.getuid?.() ?? 0;
const owners = [0, uid];
const folder = mkdtempSync(join(realpathSync(tmpdir()), 'postern-resolved-'));
const path = join(folder, 'monitor');
const site = answerReply({
  questions: [{ name: 'site.example', type: types.A }],
  answers: [a('site.example', '198.51.100.7')],
});

/** A stand-in for systemd-resolved. */
class Service {
  readonly asked: string[] = [];
  readonly sockets: Socket[] = [];
  readonly #server: Server;
  /** What each call is answered with. */
  said: Uint8Array = sent(readyReply);

  constructor() {
    this.#server = createServer((socket) => {
      this.sockets.push(socket);
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        this.asked.push(bytes.toString());
        socket.write(this.said);
      });
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(path, done));
  }

  get last(): Socket {
    return this.sockets.at(-1) as Socket;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (this.#server.listening) await new Promise((done) => this.#server.close(done));
  }
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 60_000;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`waited for ${what}`);
    await sleep(5);
  }
}

after(() => rmSync(folder, { recursive: true }));

describe('the monitor', { concurrency: false }, () => {
  let service: Service;
  let monitor: ResolvedMonitor | undefined;
  const answers: ResolvedAnswer[] = [];
  const troubles: string[] = [];

  const start = (plan: Partial<MonitorPlan> = {}) => {
    monitor = new ResolvedMonitor({
      path,
      onAnswer: (answer) => answers.push(answer),
      onTrouble: (text) => troubles.push(text),
      owners,
      waits: { firstMs: 10, mostMs: 40 },
      ...plan,
    });
    return monitor;
  };
  beforeEach(() => {
    service = new Service();
    answers.length = 0;
    troubles.length = 0;
  });
  afterEach(async () => {
    monitor?.close();
    await service.stop();
  });

  test('subscribes, and hears answers in whatever pieces', async () => {
    await service.start();
    const heard = start();
    await until(() => heard.state.heard, 'that it is heard');
    assert.deepEqual(service.asked, [Buffer.from(subscribeCall).toString()]);
    const bytes = sent(site, site);
    for (let at = 0; at < bytes.length; at += 37) {
      service.last.write(bytes.subarray(at, at + 37));
      await sleep(1);
    }
    await until(() => answers.length === 2, 'two answers');
    assert.equal(answers[1]?.questions[0]?.name, 'site.example');
    assert.deepEqual([heard.lost, troubles], [0, []]);
  });

  test('a service that comes later, ends, and comes again', async () => {
    const heard = start();
    await until(() => heard.state.reason === `there is no ${path}`, 'that there is none');
    assert.deepEqual(troubles, [], 'that there is none is no trouble');
    await service.start();
    await until(() => heard.state.heard, 'that it is heard');
    await service.stop();
    await until(() => !heard.state.heard, 'that it is heard no more');
    assert.equal(heard.lost, 1);
    assert.equal(troubles.length, 1);
    service = new Service();
    await service.start();
    await until(() => heard.state.heard, 'that it is heard again');
    service.last.write(sent(site));
    await until(() => answers.length === 1, 'an answer');
  });

  test('drain takes what has come before the event loop does, and in its order', async () => {
    service.said = sent(readyReply);
    await service.start();
    const heard = start();
    await until(() => heard.state.heard, 'that it is heard');
    const bytes = sent(site);
    service.last.write(bytes.subarray(0, 50));
    heard.drain();
    assert.equal(answers.length, 0);
    service.last.write(bytes.subarray(50));
    // Written to the kernel at once, and nothing of this loop ran since.
    heard.drain();
    assert.equal(answers.length, 1);
    service.last.write(sent(site));
    await until(() => answers.length === 2, 'the next, by the event loop');
    await service.stop();
    heard.drain();
    await until(() => !heard.state.heard, 'that it is heard no more');
    heard.drain();
    assert.equal(answers.length, 2);
  });

  test('waits longer each time for a service that refuses', async () => {
    service.said = sent({ error: 'io.systemd.PermissionDenied', parameters: {} });
    await service.start();
    const heard = start({ waits: { firstMs: 20, mostMs: 160 } });
    await sleep(400);
    // At 0, 20, 60, 140, 300 ms, and what a busy machine adds.
    assert.ok(service.asked.length <= 5, `${service.asked.length} times`);
    await until(() => service.asked.length >= 3, 'the third time');
    assert.match(heard.state.reason, /refuses: io\.systemd\.PermissionDenied/);
    assert.equal(troubles.length, 1, 'said once');
  });

  test('what is no message ends it, what is no reply is counted, and it goes on', async () => {
    await service.start();
    const heard = start();
    await until(() => heard.state.heard, 'that it is heard');
    service.last.write(sent({ parameters: { state: 7 } }, site));
    await until(() => answers.length === 1, 'an answer');
    assert.equal(heard.lost, 1);
    service.last.write('nonsense\0');
    await until(() => heard.lost === 2, 'that it ended');
    assert.match(troubles[0] ?? '', /no message \(not-json\)/);
    await until(() => heard.state.heard, 'that it is heard again');
    assert.equal(service.asked.length, 2);
    service.last.write(new Uint8Array(300 * 1024).fill(0x20));
    await until(() => heard.lost === 3, 'that it ended');
    assert.match(troubles[1] ?? '', /too-long/);
  });

  test('a path that could be somebody else’s is not asked, and that is said once', async () => {
    await service.start();
    chmodSync(folder, 0o777);
    const heard = start();
    await until(() => troubles.length > 0, 'a trouble');
    await sleep(60);
    assert.deepEqual([service.asked, heard.state.heard], [[], false]);
    assert.deepEqual(troubles, [`${folder} can be written to by others than its owner`]);
    chmodSync(folder, 0o755);
    await until(() => heard.state.heard, 'that it is heard');
  });

  test('nobody else at the other end', { skip: uid !== 0 && 'only root can be somebody else' }, async (context) => {
    chownSync(folder, 65_534, 65_534);
    const listen = `import socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
print("listens", flush=True)
sys.stdin.read()`;
    const child = spawn('/usr/bin/python3', ['-c', listen, path], {
      uid: 65_534,
      gid: 65_534,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    context.after(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    // As if root had made them.
    chownSync(path, 0, 0);
    chownSync(folder, 0, 0);
    const heard = start();
    await until(() => troubles.length > 0, 'a trouble');
    assert.deepEqual(troubles, [`${path}: at its other end is uid 65534, not root or systemd-resolve`]);
    assert.equal(heard.state.heard, false);
    rmSync(path);
  });

  test('closed, it is silent', async () => {
    await service.start();
    const heard = start();
    await until(() => heard.state.heard, 'that it is heard');
    heard.close();
    await sleep(60);
    heard.drain();
    assert.deepEqual([service.asked.length, troubles, heard.lost], [1, [], 0]);
  });
});

describe('the path', { concurrency: false }, () => {
  const service = new Service();
  const kindOf = (of: string, by = owners) => {
    const checked = checkMonitorPath(of, by);
    return checked.ok ? 'ok' : checked.error.kind;
  };
  afterEach(async () => {
    await service.stop();
    chmodSync(folder, 0o755);
  });

  test('a socket of root or systemd-resolve alone', async () => {
    await service.start();
    chmodSync(path, 0o666);
    assert.equal(kindOf(path), 'ok');
    assert.equal(kindOf(join(folder, 'other')), 'absent');
    assert.equal(kindOf(join(folder, 'other/other')), 'absent');
    assert.equal(kindOf(join(path, 'below')), 'untrusted');
    assert.equal(kindOf(path, [uid + 1]), 'untrusted');
    chmodSync(folder, 0o1777);
    assert.equal(kindOf(path), 'untrusted', 'the folder itself must be theirs, sticky or not');
    chmodSync(folder, 0o775);
    assert.equal(kindOf(path), 'untrusted');
  });

  test('no file, no link, no folder through a link', async () => {
    await service.start();
    writeFileSync(join(folder, 'file'), '');
    symlinkSync(path, join(folder, 'link'));
    symlinkSync(folder, join(folder, 'again'));
    mkdirSync(join(folder, 'sub'));
    assert.equal(kindOf(join(folder, 'file')), 'untrusted');
    assert.equal(kindOf(join(folder, 'link')), 'untrusted');
    assert.equal(kindOf(join(folder, 'again/monitor')), 'untrusted');
    assert.equal(kindOf(join(folder, 'sub')), 'untrusted');
  });

  test('nobody else’s folder or socket', { skip: uid !== 0 && 'only root can give files away' }, async () => {
    await service.start();
    chownSync(path, 65_534, 65_534);
    assert.equal(kindOf(path, [0]), 'untrusted');
    assert.equal(kindOf(path, [0, 65_534]), 'ok');
    chownSync(path, 0, 0);
    chownSync(folder, 65_534, 65_534);
    assert.equal(kindOf(path, [0]), 'untrusted');
    assert.equal(kindOf(path, [0, 65_534]), 'ok');
    chownSync(folder, 0, 0);
    assert.equal(kindOf(path, [0]), 'ok');
  });

  test('owners are root and systemd-resolve by its name', () => {
    const passwd = join(folder, 'passwd');
    writeFileSync(
      passwd,
      'root:x:0:0::/:/bin/sh\nnot-systemd-resolve:x:7:7::/:\nsystemd-resolve:x:991:991::/:/bin/false\n',
    );
    assert.deepEqual(monitorOwners(passwd), [0, 991]);
    assert.deepEqual(monitorOwners(join(folder, 'nothing')), [0]);
    assert.equal(lstatSync(folder).isDirectory() && monitorPath.startsWith('/run/systemd/resolve/'), true);
  });
});
