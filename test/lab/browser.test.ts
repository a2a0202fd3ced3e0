// Rules by name with programs that resolve in other ways: glibc's getaddrinfo in getent, and a browser with a resolver of its own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { NameView } from '#model/net/nameview.ts';
import { Lab, type Postern } from './lab.ts';
import { Resolver } from './resolver.ts';

const site = '198.51.100.7';
const other = '203.0.113.9';
const port = 8081;
const browser = '/usr/lib/chromium/chromium';

describe('names, by getent and a browser', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;

  before(async () => {
    lab = await Lab.create();
    await new Resolver(lab).start([`host-record=site.example,${site},300`, `host-record=bad.example,${other},300`]);
    const pages = mkdtempSync(join(lab.folder, 'pages-'));
    writeFileSync(join(pages, 'index.html'), '<!doctype html><title>page</title><p>the page</p>');
    const serve = ['python3', '-u', '-m', 'http.server', `${port}`, '--bind', '0.0.0.0', '--directory', pages];
    await once(lab.spawn(serve, { world: true }).stdout as NodeJS.ReadableStream, 'data');
    const rule = `{ name: site, action: allow, app: ${browser}, to: site.example, port: ${port} }`;
    postern = await lab.postern({ mode: 'lockdown', rules: { '10.yaml': `rules:\n  - ${rule}\n` } });
  });
  after(async () => {
    await postern?.stop();
    await lab?.close();
  });

  test('getent asks, and the name is known', async () => {
    const ran = await lab.run(['getent', 'ahosts', 'site.example']);
    assert.match(ran.stdout, /^198\.51\.100\.7\s+STREAM site\.example$/m);
    const known = () => postern.json<NameView[]>(['names', site]);
    await postern.until(
      async () => (await known()).some(({ name, asker }) => name === 'site.example' && asker !== null),
      'the name',
    );
  });

  const load = (name: string) =>
    lab.run(
      [
        ...['chromium', '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
        ...[
          '--disable-background-networking',
          '--disable-component-update',
          '--disable-sync',
          '--disable-dev-shm-usage',
        ],
        `--user-data-dir=${mkdtempSync(join(lab.folder, 'browser-'))}`,
        ...['--dump-dom', `http://${name}:${port}/`],
      ],
      { timeoutMs: 180_000 },
    );

  test('a page by the name that a rule allows is loaded, and one by another is not', async () => {
    const allowed = await load('site.example');
    assert.match(allowed.stdout, /the page/, allowed.stderr);
    const refused = await load('bad.example');
    assert.doesNotMatch(refused.stdout, /the page/);
    const named = async (name: string) =>
      (await postern.json<{ rule: string | null; attempt: { names?: { name: string }[] } }[]>(['log'])).filter(
        ({ attempt }) => attempt.names?.some((one) => one.name === name),
      );
    await postern.until(
      async () => (await named('site.example')).some(({ rule }) => rule === 'site'),
      'the page that was loaded in the log',
    );
    await postern.until(async () => (await named('bad.example')).length > 0, 'the other in the log');
    assert.ok((await named('bad.example')).every(({ rule }) => rule === null));
  });
});
