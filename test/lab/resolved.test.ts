// Names that systemd-resolved tells, with eBPF and without: a stand-in for its monitor, and real programs.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Status } from '#model/api.ts';
import type { NameView } from '#model/net/nameview.ts';
import { a, cname, type RecordParts, types } from '../../src/wire/dns/writer.testing.ts';
import { answerReply, readyReply, sent } from '../../src/wire/varlink/resolved.testing.ts';
import { Lab, type Postern, type Talker } from './lab.ts';

const site = '198.51.100.7';
const other = '203.0.113.9';
const namer = ['/usr/bin/python3', join(import.meta.dirname, 'namer.py')];
const many = Array.from({ length: 50 }, (_, index) => `203.0.113.${index + 100}`);

/** What listens where systemd-resolved would, and says what it is told to say. */
class Service {
  readonly #server: Server;
  readonly #monitors = new Set<Socket>();

  constructor() {
    this.#server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('close', () => this.#monitors.delete(socket));
      socket.on('data', (bytes) => {
        assert.match(bytes.toString(), /"method":"io\.systemd\.Resolve\.Monitor\.SubscribeQueryResults".*"more":true/);
        socket.write(sent(readyReply));
        this.#monitors.add(socket);
      });
    });
  }

  async start(path: string): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(path, done));
    chmodSync(path, 0o666);
  }

  say(name: string, ...answers: RecordParts[]): void {
    const questions = [types.A, types.AAAA].map((type) => ({ name, type }));
    for (const socket of this.#monitors) socket.write(sent(answerReply({ questions, answers })));
  }

  async stop(): Promise<void> {
    for (const socket of this.#monitors) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }
}

describe('systemd-resolved', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let service: Service;
  let program: Talker;
  let path: string;

  const get = async (url: string, user?: string) => (await lab.curl(url, user === undefined ? {} : { user })).code;
  const status = async () => (await postern.json<Status>(['status'])).gate;
  const heard = (isSo: boolean) =>
    postern.until(async () => (await status())?.resolved.heard === isSo, `that it is ${isSo ? '' : 'not '}heard`);

  before(async () => {
    lab = await Lab.create();
    mkdirSync(join(lab.folder, 'resolve'), { mode: 0o755 });
    path = join(lab.folder, 'resolve/monitor');
    service = new Service();
    await service.start(path);
    postern = await lab.postern({
      mode: 'lockdown',
      args: ['--resolved-monitor', path],
      rules: {
        '10.yaml': `rules:
  - { name: at-once, action: allow, app: { script: ${namer[1]} }, to: "site.example:80" }
  - { name: site, action: allow, app: /usr/bin/curl, to: "site.example:80" }
  - { name: site-by-dns, action: allow, app: /usr/bin/curl, to: "site.example:8080", name-from: dns }
  - { name: site-by-resolved, action: allow, app: /usr/bin/curl, to: "site.example:443", name-from: resolved }
`,
      },
    });
    for (const address of many) lab.address(address);
    program = lab.talker(namer);
    await heard(true);
  });
  after(async () => {
    program?.end();
    await postern?.stop();
    await service?.stop();
    await lab?.close();
  });

  test('what it did not tell has no name', async () => {
    assert.notEqual(await get(`http://${site}/`), 0);
  });

  test('a rule by name holds for what it told, a rule that asks for other evidence does not', async () => {
    service.say('Site.example.', cname('site.example', 'edge.example', 300), a('edge.example', site, 300));
    assert.equal(await get(`http://${site}/`), 0);
    assert.equal(await get(`http://${site}:443/`), 0);
    assert.notEqual(await get(`http://${site}:8080/`), 0);
    assert.notEqual(await get(`http://${other}/`), 0);
    assert.equal((await status())?.counters.resolvedAnswers, 1);
  });

  test('at once: what was written before the connect counts for it, 50 of 50', async () => {
    for (let round = 0; round < 50; round++) {
      const address = many[round] as string;
      service.say('site.example', a('site.example', address, 300));
      assert.equal(await program.say(`to ${address} 80`), 'ok', address);
    }
  });

  test('`postern names` says by whom, and that it counts for all', async () => {
    const [known] = await postern.json<NameView[]>(['names', site]);
    assert.deepEqual(
      [known?.name, known?.from, known?.asker, known?.server, known?.ownServer, known?.canonical],
      ['site.example', 'resolved', null, null, false, 'edge.example'],
    );
    const shown = await postern.cli(['names', site]);
    assert.match(shown.stdout, /site\.example +198\.51\.100\.7 +all programs +systemd-resolved, as edge\.example/);
  });

  test('the log names it with its evidence', async () => {
    const line = async () => {
      const log = await postern.json<{ rule: string; attempt: { names?: { name: string; from: string }[] } }[]>([
        'log',
        '--limit',
        '200',
      ]);
      return log.find(({ rule }) => rule === 'site-by-resolved');
    };
    await postern.until(async () => (await line()) !== undefined, 'it in the log');
    assert.deepEqual(
      (await line())?.attempt.names?.map(({ name, from }) => [name, from]),
      [['site.example', 'resolved']],
    );
  });

  test('what ended is said, and is heard again when it is back; what was known stays', async () => {
    await service.stop();
    await heard(false);
    const said = await postern.cli(['status']);
    assert.match(said.stdout, /^Names .*systemd-resolved is not heard: .*monitor/m);
    assert.equal(await get(`http://${site}/`), 0);
    service = new Service();
    await service.start(path);
    await heard(true);
    assert.equal((await status())?.counters.resolvedLost, 1);
    service.say('site.example', a('site.example', other, 300));
    assert.equal(await get(`http://${other}/`), 0);
    assert.match(
      (await postern.cli(['status'])).stdout,
      /^Names .*51 of systemd-resolved$|^Names .*52 of systemd-resolved$/m,
    );
  });

  test('a gate that was killed knows what it told', async () => {
    await postern.until(async () => (await status())?.resolved.heard === true, 'that it is heard');
    // What a killed gate knew is kept from time to time.
    await postern.until(
      () => readFileSync(join(postern.folder, 'run/names.json'), 'utf8').includes(`"${other}"`),
      'it to be kept',
    );
    const gate = postern.child('gate');
    postern.kill9('gate');
    await postern.until(() => postern.hasAnother('gate', gate), 'another gate');
    await postern.until(async () => ((await status())?.rules ?? 0) > 0, 'its rules');
    assert.equal(await get(`http://${other}/`), 0);
    await heard(true);
  });
});
