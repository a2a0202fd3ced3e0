// Learn, review, accept, lock, for three real services: nginx before another server, a Node service that asks one, and a unit
// that runs psql. They work on, and what is planted in each gets nowhere and is shown.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogLine } from '#model/api.ts';
import type { LearnReview } from '#model/learn/learning.ts';
import type { NameView } from '#model/net/nameview.ts';
import { Lab, type Postern } from './lab.ts';
import { host, world } from './namespaces.ts';
import { Resolver } from './resolver.ts';
import { psql, startPostgres } from './services/postgres.ts';

const site = '198.51.100.7';
const evil = '203.0.113.9';
const nginxPort = 8081;
const apiPort = 3000;
const script = join(import.meta.dirname, 'services/api.ts');
const node = realpathSync(process.execPath);
const nginx = realpathSync(execFileSync('sh', ['-c', 'command -v nginx'], { encoding: 'utf8' }).trim());
const units = ['nginx.service', 'api.service', 'report.service'] as const;

describe('three services', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let web: ChildProcess;

  before(async () => {
    lab = await Lab.create();
    const resolver = new Resolver(lab);
    await resolver.start([
      // Shorter than a test: nginx asks once, when it begins, and never again.
      `host-record=upstream.shop.com,${site},1`,
      ...['api.maker.com', 'db.store.com'].map((name) => `host-record=${name},${site},300`),
      `host-record=drop.evil.com,${evil},300`,
    ]);
    await startPostgres(lab);
    postern = await lab.postern({ mode: 'allow' });
    for (const unit of units) {
      const begun = await postern.cli(['learn', '--unit', unit]);
      assert.equal(begun.code, 0, begun.stderr);
    }
    web = await startNginx();
    const api = lab.spawn([node, script, 'api.maker.com:8080', String(apiPort)], {
      unit: 'api.service',
      user: 'www-data',
    });
    await once(api.stdout as NodeJS.ReadableStream, 'data');
  });
  after(async () => {
    await postern?.stop();
    await lab?.close();
  });

  async function startNginx(): Promise<ChildProcess> {
    const folder = join(lab.folder, 'nginx');
    mkdirSync(folder, { recursive: true });
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${kind};`);
    const text = `daemon off; user www-data; worker_processes 2; pid ${folder}/pid; error_log stderr;
      events {}
      http { access_log off; ${temporary.join(' ')}
        server { listen ${nginxPort}; location / { proxy_pass http://upstream.shop.com:8080; proxy_connect_timeout 10s; } } }`;
    writeFileSync(join(folder, 'nginx.conf'), text);
    const child = lab.spawn([nginx, '-p', folder, '-c', 'nginx.conf'], { unit: 'nginx.service' });
    child.stderr?.resume();
    await postern.until(
      async () => (await lab.curl(`http://127.0.0.1:${nginxPort}/`)).code !== 7,
      'that nginx answers its port',
    );
    return child;
  }

  /** What somebody in the world gets of it. */
  const asked = async () =>
    (
      await lab.run(
        ['curl', '-s', '-m', '30', '-o', '/dev/null', '-w', '%{http_code}', `http://${host.v4}:${nginxPort}/`],
        {
          world: true,
        },
      )
    ).stdout;
  const api = async (query = '') =>
    (
      await lab.run(['curl', '-s', '-m', '30', '-w', '%{http_code}', `http://127.0.0.1:${apiPort}/${query}`])
    ).stdout.slice(-3);
  const report = (server: string) =>
    lab.run([psql(), '-w', '-h', server, '-U', 'postgres', '-Atc', 'select 6*7'], {
      unit: 'report.service',
      user: 'www-data',
    });
  const works = async () => [await asked(), await api(), (await report('db.store.com')).stdout.trim()];
  const well = ['200', '200', '42'];

  // With departures it ends with 1.
  const review = async (unit: string) =>
    JSON.parse((await postern.cli(['learn', 'review', `learning ${unit}`, '--json'])).stdout) as LearnReview;
  const app = (unit: string, more: object) => ({ unit, ...more });

  test('they are learned at work, nginx also after what it asked for has ended', { timeout: 300_000 }, async () => {
    assert.deepEqual(await works(), well);
    const known = async () =>
      (await postern.json<NameView[]>(['names', 'upstream.shop.com'])).filter(({ asker }) => asker !== null);
    assert.notEqual((await known()).length, 0);
    while ((await known()).length > 0) await sleep(1000);
    assert.deepEqual(await works(), well);
  });

  test('what is proposed are the smallest rules: this program of this unit, there, on this port', async () => {
    const seen = async () => Promise.all(units.map(async (unit) => (await review(unit)).connections));
    await postern.until(
      async () => (await seen()).every((count, at) => count >= (at === 0 ? 4 : 2)),
      'all connections',
    );
    const all = await Promise.all(units.map(review));
    assert.deepEqual(
      all.map(({ unsaid, leftOut }) => [unsaid, leftOut]),
      units.map(() => [[], 0]),
    );
    const rules = all.map(({ proposals }) =>
      proposals
        .map(({ rule: { name: _, ...rule } }) => rule)
        .sort((a, b) => String(a.direction ?? '').localeCompare(String(b.direction ?? ''))),
    );
    const nginxApp = app('nginx.service', { path: nginx });
    assert.deepEqual(rules, [
      [
        { action: 'allow', app: nginxApp, to: ['upstream.shop.com', site], protocol: 'tcp', port: 8080 },
        { action: 'allow', app: nginxApp, direction: 'in', from: world.v4, protocol: 'tcp', port: nginxPort },
      ],
      [
        {
          ...{ action: 'allow', app: app('api.service', { script, path: node }), to: 'api.maker.com' },
          ...{ protocol: 'tcp', port: 8080 },
        },
      ],
      [
        {
          ...{ action: 'allow', app: app('report.service', { path: psql() }), to: 'db.store.com' },
          ...{ protocol: 'tcp', port: 5432 },
        },
      ],
    ]);
  });

  test('accepted and locked, they work, and one of them begun anew does too', async () => {
    for (const unit of units) {
      const done = await postern.cli(['learn', 'accept', `learning ${unit}`]);
      assert.equal(done.code, 0, done.stderr);
    }
    assert.equal((await postern.cli(['mode', 'lockdown', '--now'])).code, 0);
    assert.deepEqual(await works(), well);
    const ended = once(web, 'exit');
    web.kill('SIGQUIT');
    await ended;
    web = await startNginx();
    assert.deepEqual(await works(), well);
    for (const unit of units) assert.deepEqual((await review(unit)).since?.departures, []);
  });

  test('what is planted in them gets nowhere', async () => {
    const before = (await lab.arrived()).connections;
    const curl = (unit: string, url: string) => lab.curl(url, { unit, user: 'www-data' });
    // The same program to another host, and to another port of its own.
    assert.equal(await api('?host=drop.evil.com:80'), '502');
    assert.equal(await api('?host=api.maker.com:80'), '502');
    assert.notEqual((await report('drop.evil.com')).code, 0);
    // What the service starts: to another host, and to its own.
    assert.equal(await api(`?run=/usr/bin/curl&host=drop.evil.com:80`), '502');
    assert.equal(await api(`?run=/usr/bin/curl`), '502');
    // Another program in the unit.
    assert.notEqual((await curl('nginx.service', 'http://drop.evil.com/')).code, 0);
    assert.notEqual((await curl('nginx.service', 'http://upstream.shop.com:8080/')).code, 0);
    assert.notEqual((await curl('report.service', `http://${site}:5432/`)).code, 0);
    // The right program outside of its unit.
    const outside = await lab.run([psql(), '-w', '-h', 'db.store.com', '-U', 'postgres', '-Atc', 'select 1']);
    assert.notEqual(outside.code, 0);
    assert.deepEqual(await works(), well);
    // api and nginx, once each.
    assert.equal((await lab.arrived()).connections - before, 2);
  });

  test('and each shows as a departure, with the rule that would allow it', async () => {
    const departures = async (unit: string) =>
      (await review(unit)).since?.departures.map(({ rule }) => [rule.app, rule.to, rule.port]) ?? [];
    const wanted = {
      'nginx.service': [
        [app('nginx.service', { path: '/usr/bin/curl' }), 'drop.evil.com', 80],
        [app('nginx.service', { path: '/usr/bin/curl' }), 'upstream.shop.com', 8080],
      ],
      'api.service': [
        [app('api.service', { path: '/usr/bin/curl' }), 'api.maker.com', 8080],
        [app('api.service', { path: '/usr/bin/curl' }), 'drop.evil.com', 80],
        [app('api.service', { script, path: node }), ['api.maker.com', 'drop.evil.com'], 80],
      ],
      'report.service': [
        [app('report.service', { path: '/usr/bin/curl' }), site, 5432],
        [app('report.service', { path: psql() }), 'drop.evil.com', 5432],
      ],
    };
    for (const unit of units) {
      await postern.until(async () => (await departures(unit)).length >= wanted[unit].length, `departures of ${unit}`);
      const found = (await departures(unit)).map((one) => JSON.stringify(one)).sort();
      assert.deepEqual(found, wanted[unit].map((one) => JSON.stringify(one)).sort());
      assert.equal((await postern.cli(['learn', 'review', `learning ${unit}`])).code, 1);
    }
    const refused = () => postern.json<LogLine[]>(['log', '--app', 'psql', '--verdict', 'reject']);
    await postern.until(
      async () => (await refused()).some(({ attempt }) => attempt.process?.unit !== 'report.service'),
      'the program outside of its unit in the log',
    );
  });

  test("a unit of a user's own is another than the system's of that name", async () => {
    const own = () =>
      lab.run([psql(), '-w', '-h', 'db.store.com', '-U', 'postgres', '-Atc', 'select 6*7'], {
        unit: 'user:report.service',
      });
    assert.notEqual((await own()).code, 0, 'whoever calls a unit so is not the one that was learned');
    const added = await postern.cli([
      ...['rule', 'add', 'allow', '--unit', 'user:report.service'],
      ...['--to', 'db.store.com', '--port', '5432', '--name', 'own'],
    ]);
    assert.equal(added.code, 0, added.stderr);
    assert.equal((await own()).stdout.trim(), '42');
    const curl = { unit: 'report.service', user: 'www-data' };
    assert.notEqual((await lab.curl('http://db.store.com:5432/', curl)).code, 0);
  });
});
