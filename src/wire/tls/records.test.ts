import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxHelloLength, parseClientHello } from './clienthello.ts';
import {
  alpn,
  ascii,
  be16,
  buildHello,
  type Extension,
  echInner,
  echOuter,
  extension,
  inRecords,
  keyShare,
  largeHello,
  serverName,
  versions,
} from './hello.testing.ts';
import { parseTls } from './records.ts';

/** Name, or what is said instead of one. */
function said(bytes: Uint8Array): string {
  const parsed = parseTls(bytes);
  if (parsed.kind === 'malformed') return `(${parsed.reason})`;
  return parsed.kind === 'hello' ? (parsed.hello.sni ?? '(no name)') : `(${parsed.kind})`;
}

const saidOf = (...extensions: Extension[]) => said(inRecords(buildHello(extensions)));

function helloOf(...extensions: Extension[]) {
  const parsed = parseClientHello(buildHello(extensions));
  assert.equal(parsed.kind, 'hello');
  return parsed.hello;
}

test('a hello says its name, protocols and versions', () => {
  const hello = helloOf(versions(0x7a7a, 0x0304, 0x0303), alpn('h2', 'http/1.1', 'a\n'), serverName('WWW.Example.com'));
  assert.deepEqual(hello, {
    sni: 'www.example.com',
    sniIsAddress: false,
    alpn: ['h2', 'http/1.1', 'a\\010'],
    versions: [0x7a7a, 0x0304, 0x0303],
    ech: 'none',
  });
});

test('a hello without extensions has its own version and no name', () => {
  const parsed = parseTls(inRecords(buildHello(undefined)));
  assert.equal(parsed.kind, 'hello');
  assert.deepEqual(parsed.hello, { sni: undefined, sniIsAddress: false, alpn: [], versions: [0x0303], ech: 'none' });
  assert.deepEqual(helloOf(), parsed.hello);
});

test('an encrypted hello is told, real or not, and of a draft too', () => {
  assert.equal(helloOf(serverName('provider.example'), echOuter).ech, 'grease-or-real');
  assert.equal(helloOf(serverName('provider.example'), echOuter).sni, 'provider.example');
  assert.equal(helloOf(echInner).ech, 'inner');
  assert.equal(helloOf(extension(0xfe0d, [])).ech, 'grease-or-real');
  assert.equal(helloOf(extension(0xfe0d, [1, 0])).ech, 'grease-or-real');
  assert.equal(helloOf(extension(0xfe08, [9])).ech, 'grease-or-real');
  assert.equal(helloOf(extension(0xffce, [9])).ech, 'grease-or-real');
  assert.equal(helloOf(extension(0xfe07, [0]), extension(0xfe0e, [0])).ech, 'none');
});

test('an address as a server name is no name', () => {
  for (const text of ['192.0.2.1', '2001:db8::1']) {
    assert.deepEqual([helloOf(serverName(text)).sni, helloOf(serverName(text)).sniIsAddress], [undefined, true]);
  }
});

test('what contradicts itself is malformed', () => {
  const name = serverName('a.example');
  assert.equal(saidOf(name, serverName('b.example')), '(duplicate-extension)');
  assert.equal(saidOf(extension(5, []), name, extension(5, [])), '(duplicate-extension)');
  assert.equal(saidOf(serverName('a b')), '(bad-name)');
  assert.equal(saidOf(serverName('')), '(bad-name)');
  assert.equal(saidOf(serverName('a.example', 1)), '(bad-name)');
  assert.equal(saidOf(serverName('a'.repeat(64))), '(bad-name)');
  assert.equal(saidOf(extension(0, [])), '(bad-length)');
  assert.equal(saidOf(extension(0, [0, 5, 0, 0, 1, 97])), '(bad-length)');
  assert.equal(saidOf(extension(0, [0, 8, 0, 0, 1, 97, 0, 0, 1, 98])), '(bad-length)');
  assert.equal(saidOf(extension(16, [0, 3, 2, 104])), '(bad-length)');
  assert.equal(saidOf(extension(16, [0, 2, 2, 104])), '(bad-length)');
  assert.equal(saidOf(extension(16, [0, 1, 0])), '(bad-length)');
  assert.equal(saidOf(alpn(...new Array(65).fill('h2'))), '(too-many-protocols)');
  assert.equal(saidOf(extension(43, [3, 3, 4, 3])), '(bad-length)');
  assert.equal(saidOf([0, 9, 0, 4, 1]), '(bad-length)');
  assert.equal(saidOf([0, 9, 0]), '(bad-length)');
  assert.equal(saidOf(extension(0, [0, 4, 0, 0, 1, 97, 0])), '(bad-length)');
  const trailing = buildHello([name]);
  trailing[3] = (trailing[3] as number) + 1;
  assert.equal(said(inRecords(Uint8Array.from([...trailing, 0]))), '(bad-length)');
});

test('the fields before the extensions have the lengths that RFC 8446 4.1.2 gives them', () => {
  const extensions = [0, 13, ...serverName('a.example')].with(1, serverName('a.example').length);
  const body = (session: number, suites: number, compression: number) => {
    const fields = [session, ...new Array(session).fill(1), 0, suites, ...new Array(suites).fill(1), compression];
    const all = [3, 3, ...new Array(32).fill(0), ...fields, ...new Array(compression).fill(0), ...extensions];
    return said(inRecords(Uint8Array.from([1, 0, ...be16(all.length), ...all])));
  };
  assert.equal(body(32, 2, 1), 'a.example');
  assert.equal(body(0, 4, 2), 'a.example');
  for (const [session, suites, compression] of [
    [33, 2, 1],
    [0, 0, 1],
    [0, 3, 1],
    [0, 2, 0],
  ] as const) {
    assert.equal(body(session, suites, compression), '(bad-length)', `${session} ${suites} ${compression}`);
  }
});

test('what is no TLS is said at the first byte that shows it', () => {
  for (const text of [
    'GET / HTTP/1.1\r\n',
    'SSH-2.0-x\r\n',
    '\x80\x2e\x01\x03\x01',
    '\x15\x03\x01',
    '\x16\x02',
    '\x16\x03\x05',
    '\x16\x03\x01\x00\x05\x02',
  ]) {
    assert.equal(said(Uint8Array.from(ascii(text))), '(not-tls)', JSON.stringify(text));
  }
  for (const text of ['', '\x16', '\x16\x03', '\x16\x03\x00', '\x16\x03\x04\x00\x05\x01']) {
    assert.equal(said(Uint8Array.from(ascii(text))), '(more)', JSON.stringify(text));
  }
});

test('records may cut the hello anywhere, and nothing comes between', () => {
  const message = buildHello([serverName('a.example'), alpn('h2')]);
  for (let size = 1; size <= message.length; size++)
    assert.equal(said(inRecords(message, size)), 'a.example', `${size}`);
  const cut = inRecords(message, 60);
  const with2 = (at: number, ...bytes: number[]) =>
    said(Uint8Array.from([...cut.subarray(0, at), ...bytes, ...cut.subarray(at)]));
  assert.equal(with2(65, 21, 3, 1, 0, 2, 1, 0), '(bad-record)');
  assert.equal(with2(65, 22, 3, 1, 0, 0), '(bad-record)');
  assert.equal(with2(65, 22, 2, 1, 0, 1, 0), '(bad-record)');
  assert.equal(said(Uint8Array.from([22, 3, 1, ...be16(2 ** 14 + 257), 1])), '(bad-record)');
  assert.equal(said(Uint8Array.from([22, 3, 1, ...be16(2 ** 14 + 256), 1])), '(more)');
});

test('a hello ends at 64 KB', () => {
  const header = (length: number) =>
    Uint8Array.from([22, 3, 1, 64, 0, 1, length >> 16, (length >> 8) & 255, length & 255]);
  assert.equal(said(header(maxHelloLength)), '(more)');
  assert.equal(said(header(maxHelloLength + 1)), '(hello-too-long)');
  const parsed = parseClientHello(header(maxHelloLength + 1).subarray(5));
  assert.deepEqual(parsed, { kind: 'malformed', reason: 'hello-too-long' });
  assert.deepEqual(parseClientHello(Uint8Array.from([2])), { kind: 'malformed', reason: 'not-client-hello' });
});

/** What `more` wants is never more than what is needed, so that nobody waits for bytes that do not come. */
function checkPrefixes(whole: Uint8Array, name: string, step = 1): void {
  let asked = 0;
  for (let length = 0; length < whole.length; length += step) {
    const parsed = parseTls(whole.subarray(0, length));
    assert.equal(parsed.kind, 'more', `${length}`);
    assert.ok(parsed.wanted > length && parsed.wanted <= whole.length, `${length}: ${parsed.wanted}`);
  }
  for (let length = 0; length < whole.length; asked++) {
    const parsed = parseTls(whole.subarray(0, length));
    assert.equal(parsed.kind, 'more');
    length = parsed.wanted;
  }
  assert.ok(asked <= 2 + 2 * Math.ceil(whole.length / 40), `${asked}`);
  assert.equal(said(whole), name);
}

test('each beginning of a hello wants more, and not too much', () => {
  const message = buildHello([serverName('a.example'), alpn('h2'), keyShare(0x11ec, 1216)]);
  checkPrefixes(inRecords(message), 'a.example');
  checkPrefixes(inRecords(message, 40), 'a.example');
});

test('a hello of 17 KB, cut at every place', () => {
  assert.ok(largeHello.length > 17_000);
  checkPrefixes(largeHello, 'large.example.com');
});
