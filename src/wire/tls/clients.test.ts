// ClientHellos of real clients: openssl, curl and Node, cut at every place.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstBytes, nodeTls, program } from '../firstwords/clients.testing.ts';
import type { ClientHello } from './clienthello.ts';
import { parseTls } from './records.ts';

const whole = (bytes: Uint8Array) => parseTls(bytes).kind !== 'more';

async function helloFrom(start: Parameters<typeof firstBytes>[0]): Promise<ClientHello> {
  const bytes = await firstBytes(start, whole);
  for (let length = 0; length < bytes.length; length++) {
    const parsed = parseTls(bytes.subarray(0, length));
    assert.equal(parsed.kind, 'more', `${length} of ${bytes.length}`);
    assert.ok(parsed.wanted <= bytes.length);
  }
  const parsed = parseTls(bytes);
  assert.equal(parsed.kind, 'hello');
  return parsed.hello;
}

test('openssl says its name, or none', async () => {
  const args = ['s_client', '-connect', '127.0.0.1:{port}'];
  const named = await helloFrom(program('openssl', ...args, '-servername', 'Shop.Example.com', '-alpn', 'h2,http/1.1'));
  assert.equal(named.sni, 'shop.example.com');
  assert.deepEqual(named.alpn, ['h2', 'http/1.1']);
  assert.ok(named.versions.includes(0x0304));
  assert.equal(named.ech, 'none');
  assert.equal((await helloFrom(program('openssl', ...args, '-noservername'))).sni, undefined);
  const old = await helloFrom(program('openssl', ...args, '-servername', 'old.example', '-tls1_2'));
  assert.deepEqual([old.sni, old.versions], ['old.example', [0x0303]]);
});

test('curl says the name of its URL, and none for an address', async () => {
  const args = ['-sk', '--noproxy', '*', '--max-time', '8'];
  const resolve = ['--resolve', 'www.example.com:{port}:127.0.0.1'];
  const named = await helloFrom(program('curl', ...args, ...resolve, 'https://www.example.com:{port}/'));
  assert.deepEqual([named.sni, named.alpn], ['www.example.com', ['h2', 'http/1.1']]);
  assert.equal((await helloFrom(program('curl', ...args, 'https://127.0.0.1:{port}/'))).sni, undefined);
});

test('Node says its name', async () => {
  const hello = await helloFrom(nodeTls('api.example.org', ['h2']));
  assert.deepEqual([hello.sni, hello.alpn], ['api.example.org', ['h2']]);
  assert.equal((await helloFrom(nodeTls('', []))).sni, undefined);
});
