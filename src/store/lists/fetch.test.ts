// Lists over HTTPS, from a real server with a certificate of the test's own: what changed, what did not, and all that goes wrong.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { fetchList } from './fetch.ts';
import { ListServer } from './server.testing.ts';

const limits = { bytes: 100_000, ms: 1500, redirects: 5 };
const text = '0.0.0.0 ads.example\n';

describe('lists over HTTPS', () => {
  let folder: string;
  let server: ListServer;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pt-fetch-'));
    server = await ListServer.start(folder);
  });
  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  const url = (path = '/') => server.url(path);
  const fetchIt = (more: object = {}, options: object = {}) =>
    fetchList({ source: url(), ...more }, { ca: server.ca, limits, ...options });
  const errorOf = async (fetching: ReturnType<typeof fetchIt>) => {
    const fetched = await fetching;
    return fetched.ok ? 'no error' : fetched.error;
  };

  test('its content, plain and compressed, with what tells whether it changed', async () => {
    for (const gzip of [false, true]) {
      server.answer = (_, response) => {
        response.setHeader('etag', '"one"');
        if (gzip) response.setHeader('content-encoding', 'gzip');
        response.end(gzip ? gzipSync(text) : text);
      };
      const fetched = await fetchIt();
      assert.ok(fetched.ok && fetched.value.changed);
      assert.equal(fetched.value.bytes.toString(), text);
      assert.equal(fetched.value.validators.etag, '"one"');
    }
    server.answer = (request, response) => {
      response.statusCode = request.headers['if-none-match'] === '"one"' ? 304 : 500;
      response.end();
    };
    const again = await fetchIt({}, { validators: { etag: '"one"' } });
    assert.deepEqual(again, { ok: true, value: { changed: false } });
  });

  test('a hash must be right', async () => {
    server.answer = (_, response) => response.end(text);
    const sha256 = createHash('sha256').update(text).digest('hex');
    assert.ok((await fetchIt({ sha256 })).ok);
    assert.match(
      await errorOf(fetchIt({ sha256: 'a'.repeat(64) })),
      /its SHA-256 is [0-9a-f]{64}, and a{64} is wanted/,
    );
  });

  test('too much is refused, also where it is packed small', async () => {
    server.answer = (_, response) => response.end('x'.repeat(200_000));
    assert.match(await errorOf(fetchIt()), /more than 100000 bytes/);
    server.answer = (_, response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end(gzipSync(Buffer.alloc(50_000_000)));
    };
    assert.match(await errorOf(fetchIt()), /more than 100000 bytes/);
  });

  test('too slow, cut off, and not to be had', async () => {
    server.answer = (_, response) => void response.write('a');
    assert.match(await errorOf(fetchIt()), /took too long/);
    server.answer = (_, response) => {
      response.setHeader('content-length', '1000');
      response.write('abc');
      setTimeout(() => response.destroy(), 50);
    };
    assert.match(await errorOf(fetchIt()), /ended before all of it was there|aborted/);
    server.answer = (_, response) => {
      response.statusCode = 404;
      response.end();
    };
    assert.match(await errorOf(fetchIt()), /the server answered 404/);
    assert.match(await errorOf(fetchList({ source: url() }, { limits })), /self-signed|certificate/);
  });

  test('redirects: only to https, and not for ever', async () => {
    server.answer = (request, response) => {
      if (request.url === '/there') {
        response.end(text);
        return;
      }
      response.statusCode = 302;
      response.setHeader('location', '/there');
      response.end();
    };
    assert.ok((await fetchIt()).ok);
    server.answer = (_, response) => {
      response.statusCode = 302;
      response.setHeader('location', 'http://localhost/list');
      response.end();
    };
    assert.match(await errorOf(fetchIt()), /leads to http:\/\/localhost\/list, which is not https/);
    server.answer = (_, response) => {
      response.statusCode = 302;
      response.setHeader('location', url('/more'));
      response.end();
    };
    assert.match(await errorOf(fetchIt()), /more than 5 times/);
  });

  test('files and folders', async () => {
    const lists = join(folder, 'lists');
    mkdirSync(lists);
    writeFileSync(join(lists, 'b.txt'), 'b.example');
    writeFileSync(join(lists, 'a.txt'), 'a.example\n');
    const whole = await fetchList({ source: lists });
    assert.ok(whole.ok && whole.value.changed);
    assert.equal(whole.value.bytes.toString(), 'a.example\n\nb.example\n');
    writeFileSync(join(lists, 'c.txt'), Buffer.alloc(200_000));
    assert.match(await errorOf(fetchList({ source: lists }, { limits })), /more than 100000 bytes/);
    assert.match(await errorOf(fetchList({ source: 'ftp://x/y' })), /only https/);
    assert.match(await errorOf(fetchList({ source: 'relative' })), /the whole path/);
  });
});
