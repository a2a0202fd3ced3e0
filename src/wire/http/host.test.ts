import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstBytes, program } from '../firstwords/clients.testing.ts';
import { maxHeadLength, parseHttp } from './host.ts';

const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));

/** The host, or what is said instead of one. */
function said(input: string | Uint8Array): string {
  const parsed = parseHttp(typeof input === 'string' ? bytesOf(input) : input);
  if (parsed.kind === 'malformed') return `(${parsed.reason})`;
  if (parsed.kind !== 'request') return `(${parsed.kind})`;
  return parsed.request.host ?? (parsed.request.hostIsAddress ? '(address)' : '(no name)');
}

const get = (...fields: string[]) => said(`GET /x HTTP/1.1\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`);

test('a request says its host, without port and in lower case', () => {
  assert.equal(get('Host: www.Example.com'), 'www.example.com');
  assert.equal(get('A: b', 'hOST:\t www.example.com:8080 \t', 'Accept: */*'), 'www.example.com');
  assert.equal(get('Host: www.example.com.:'), 'www.example.com');
  assert.equal(said('POST /a?b HTTP/1.0\r\nHost: a.example\r\n\r\nbody'), 'a.example');
  assert.equal(said('M-SEARCH * HTTP/1.1\r\nHost: a.example\r\n\r\n'), 'a.example');
});

test('an address and no host are no names', () => {
  for (const host of ['192.0.2.1', '192.0.2.1:80', '[2001:db8::1]', '[2001:db8::1]:8080', '127.1']) {
    assert.equal(get(`Host: ${host}`), '(address)', host);
  }
  assert.equal(get('Host:'), '(no name)');
  assert.equal(said('GET / HTTP/1.0\r\n\r\n'), '(no name)');
  assert.equal(said('GET / HTTP/1.1\r\n\r\n'), '(no-host)');
});

test('an absolute target counts, and Host does not', () => {
  const to = (target: string, method = 'GET') => said(`${method} ${target} HTTP/1.1\r\nHost: other.example\r\n\r\n`);
  assert.equal(to('http://Real.example/x'), 'real.example');
  assert.equal(to('https://real.example:444?x'), 'real.example');
  assert.equal(to('http://192.0.2.1/'), '(address)');
  assert.equal(to('real.example:443', 'CONNECT'), 'real.example');
  for (const target of [
    'http://',
    'http:///x',
    'http://a@real.example/',
    'ftp://real.example/',
    'x',
    'http://a:b:c/',
  ]) {
    assert.equal(to(target), '(bad-host)', target);
  }
});

test('two hosts are none, also when they agree or the second is far behind', () => {
  assert.equal(get('Host: a.example', 'Host: b.example'), '(several-hosts)');
  assert.equal(get('Host: a.example', 'X: y', 'host: a.example'), '(several-hosts)');
  // Before the head has ended nobody knows.
  assert.equal(said('GET / HTTP/1.1\r\nHost: a.example\r\nX: y\r\n'), '(more)');
});

test('what servers read in different ways is malformed', () => {
  assert.equal(get('Host: a.example', ' b.example'), '(bad-field)');
  assert.equal(get('Host : a.example'), '(bad-field)');
  assert.equal(get(': a.example'), '(bad-field)');
  assert.equal(get('no colon', 'Host: a.example'), '(bad-field)');
  assert.equal(get('Host: a.example', 'X: \0'), '(bad-field)');
  assert.equal(get('X: y\nHost: b.example', 'Host: a.example'), '(bad-field)');
  assert.equal(get('X: y\rHost: b.example', 'Host: a.example'), '(bad-field)');
  for (const host of [
    'a b.example',
    'a.example, b.example',
    'u@a.example',
    'a.example/b',
    'b\xfccher.example',
    'a.example:x',
    '[::1',
  ]) {
    assert.equal(get(`Host: ${host}`), '(bad-host)', host);
  }
  const line = (text: string) => said(`${text}\r\nHost: a.example\r\n\r\n`);
  for (const text of [
    'GET / HTTP/1.2',
    'GET / HTTP/2.0',
    'GET  / HTTP/1.1',
    'GET / / HTTP/1.1',
    'GET /\t HTTP/1.1',
    'GET / HTTP/1.1 ',
  ]) {
    assert.equal(line(text), '(bad-line)', JSON.stringify(text));
  }
  assert.equal(said('GET / HTTP/1.1\nHost: a.example\n\n'), '(bad-line)');
});

test('other protocols are none', () => {
  for (const text of [
    'SSH-2.0-OpenSSH_9\r\n',
    'EHLO a.example\r\n',
    '\x16\x03\x01',
    'USER a\r\n',
    ' GET',
    `${'A'.repeat(25)}`,
    'GET /\r\n',
  ]) {
    assert.equal(said(text), '(not-http)', JSON.stringify(text));
  }
});

test('HTTP/2 with prior knowledge is told', () => {
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
  for (let length = 0; length < preface.length; length++) assert.equal(said(preface.slice(0, length)), '(more)');
  assert.equal(said(`${preface}\0\0\0`), '(h2c)');
  assert.equal(said('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n'), '(bad-line)');
});

test('a head ends within 8 KB', () => {
  const head = (length: number) => {
    const [before, after] = ['GET / HTTP/1.1\r\nX: ', '\r\nHost: a.example\r\n\r\n'];
    return before + 'y'.repeat(length - before.length - after.length) + after;
  };
  assert.equal(said(head(maxHeadLength)), 'a.example');
  assert.equal(said(head(maxHeadLength + 1)), '(too-long)');
  assert.equal(said(head(maxHeadLength + 1).slice(0, maxHeadLength - 1)), '(more)');
});

test('curl says its host, cut at every place', async () => {
  const args = ['-s', '--noproxy', '*', '--max-time', '8', '--resolve', 'www.example.com:{port}:127.0.0.1'];
  const url = 'http://www.example.com:{port}/path';
  const bytes = await firstBytes(program('curl', ...args, url), (sent) => parseHttp(sent).kind !== 'more');
  assert.equal(said(bytes), 'www.example.com');
  for (let length = 0; length < bytes.length; length++)
    assert.equal(said(bytes.subarray(0, length)), '(more)', `${length}`);
  const h2 = await firstBytes(program('curl', ...args, '--http2-prior-knowledge', url), (sent) => sent.length >= 24);
  assert.equal(said(h2), '(h2c)');
});
