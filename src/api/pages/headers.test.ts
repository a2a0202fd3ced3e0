// Which requests are looked at: those of our own pages in a browser of this machine, and of programs that say what they do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localDoor, maxBodyBytes, refusalOf } from './headers.ts';

const port = 7878;
const own = 'http://127.0.0.1:7878';

const status = (method: string, headers: Record<string, string | undefined>, target = '/api/v1/status') =>
  refusalOf({ method, target, headers: { host: '127.0.0.1:7878', ...headers } }, localDoor(port))?.status;

test('the host is exactly one of three', () => {
  for (const host of ['127.0.0.1:7878', 'localhost:7878', '[::1]:7878', 'LOCALHOST:7878']) {
    assert.equal(status('GET', { host }), undefined, host);
  }
  for (const host of [
    ...[undefined, '', '127.0.0.1', 'localhost', '127.0.0.1:7879', '127.0.0.1:78780', 'evil.example:7878'],
    ...['127.0.0.1.evil.example:7878', '127.0.0.1:7878.evil.example', 'evil@127.0.0.1:7878', '127.1:7878', '[::]:7878'],
    ...['127.0.0.1:7878 ', 'x127.0.0.1:7878', '0.0.0.0:7878', 'localhost.:7878'],
  ]) {
    assert.equal(status('GET', { host }), 421, String(host));
  }
});

test('an origin is ours, whatever is asked', () => {
  const marked = { 'postern-request': '1' };
  assert.equal(status('POST', { origin: own, ...marked }), undefined);
  assert.equal(status('GET', { origin: own }), undefined);
  for (const origin of [
    ...['null', '', 'https://127.0.0.1:7878', 'http://127.0.0.1', 'http://127.0.0.1:80', 'http://evil.example'],
    ...['http://localhost:7878', `${own}/`, `${own}.evil.example`],
  ]) {
    assert.equal(status('POST', { origin, ...marked }), 403, origin);
    assert.equal(status('GET', { origin }), 403, origin);
  }
});

test('what may change something carries the header that other origins cannot send', () => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'FOO']) {
    assert.equal(status(method, {}), 403, method);
    assert.equal(status(method, { 'postern-request': '0' }), 403, method);
    assert.equal(status(method, { 'postern-request': '1' }), undefined, method);
    assert.equal(status(method, { 'postern-request': '1', 'sec-fetch-site': 'same-origin' }), undefined);
    for (const site of ['cross-site', 'same-site', '']) {
      assert.equal(status(method, { 'postern-request': '1', 'sec-fetch-site': site }), 403, site);
    }
  }
});

test('another site may lead here, and not ask the API', () => {
  for (const site of ['cross-site', 'same-site']) {
    assert.equal(status('GET', { 'sec-fetch-site': site }, '/rules'), undefined);
    assert.equal(status('GET', { 'sec-fetch-site': site }), 403);
  }
  assert.equal(status('GET', { 'sec-fetch-site': 'none' }), undefined);
});

test('a body has a length, of a mebibyte at most', () => {
  const marked = { 'postern-request': '1' };
  assert.equal(status('POST', { ...marked, 'content-length': String(maxBodyBytes) }), undefined);
  assert.equal(status('POST', { ...marked, 'content-length': String(maxBodyBytes + 1) }), 413);
  assert.equal(status('POST', { ...marked, 'transfer-encoding': 'chunked' }), 411);
  assert.equal(status('GET', { 'transfer-encoding': 'chunked' }), 411);
});

test('the target is a path', () => {
  for (const target of ['http://evil.example/', '*', 'x']) assert.equal(status('GET', {}, target), 400, target);
});
