// Rules by name with programs that resolve in other ways: glibc's getaddrinfo in getent, and a browser with a resolver of its own.
import assert from 'node:assert/strict';
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
    lab.spawn(['python3', '-m', 'http.server', `${port}`, '--bind', '0.0.0.0', '--directory', pages], { world: true });
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
    const known = await postern.json<NameView[]>(['names', site]);
    assert.ok(known.some(({ name, asker }) => name === 'site.example' && asker !== null));
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
      { timeoutMs: 60_000 },
    );

  test('a page by the name that a rule allows is loaded, and one by another is not', async () => {
    const allowed = await load('site.example');
    assert.match(allowed.stdout, /the page/, allowed.stderr);
    const refused = await load('bad.example');
    assert.doesNotMatch(refused.stdout, /the page/);
    const log = await postern.json<{ rule: string | null; attempt: { names?: { name: string }[] } }[]>(['log']);
    const named = (name: string) => log.filter(({ attempt }) => attempt.names?.some((one) => one.name === name));
    assert.ok(named('site.example').some(({ rule }) => rule === 'site'));
    assert.ok(named('bad.example').every(({ rule }) => rule === null));
    assert.ok(named('bad.example').length > 0);
  });
});
