// The pages: they ask for what the API has and for nothing else, and neither bring code or style in by the back door nor show text as anything but text.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operations } from '#api/openapi.ts';
import { codeOf, pageSources, readSource } from './sources.ts';

/** Signing in is of the pages alone: on the socket the kernel says who asks. */
const ofPagesAlone = ['GET /pages/session', 'DELETE /pages/session'];
/**
 * The document for people who write clients, the stream, which is asked for in another way, links, passwords and confined commands,
 * which only a terminal makes, and folders of rule files, which are on a disk: the pages change each rule of them, and take each
 * change back.
 */
const notCalled = [
  ...['GET /openapi.json', 'GET /events', 'POST /pages/links', 'PUT /pages/passwords/{}'],
  ...['POST /runs', 'POST /runs/{}/begun', 'POST /runs/{}/end'],
  ...['GET /policy', 'PUT /policy'],
];

/** `POST /prompts/{}/answer` of every call. */
function calls(): string[] {
  const { text } = readSource('web/src/api/calls.ts');
  return [...text.matchAll(/\bask<[^(]*>\(\s*'([A-Z]+)',\s*['`]([^'`]+)['`]/g)].map(
    ([, method, path = '']) => `${method} ${path.replace(/\$\{queryText\(.*$/, '').replace(/\$\{[^}]*\}/g, '{}')}`,
  );
}

test('every call of the pages is an operation of the API, and every operation is called', () => {
  const known = operations.map(({ method, path }) => `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, '{}')}`);
  const made = calls();
  assert.ok(made.length > 20, `only ${made.length} calls were found`);
  assert.deepEqual(
    made.filter((call) => !known.includes(call) && !ofPagesAlone.includes(call)),
    [],
  );
  assert.deepEqual(
    known.filter((operation) => !made.includes(operation) && !notCalled.includes(operation)),
    [],
  );
});

test('only the client asks the server', () => {
  const found = pageSources()
    .filter(({ text }) => /\bfetch\(|XMLHttpRequest|EventSource|sendBeacon|WebSocket/.test(codeOf(text)))
    .map(({ path }) => path);
  assert.deepEqual(found, ['web/src/api/client.ts', 'web/src/live/follow.ts']);
});

test('text from outside is text, and no code or style stands inline', () => {
  const forbidden =
    /dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|<style|srcDoc|javascript:/;
  const found = pageSources()
    .filter(({ text }) => forbidden.test(text))
    .map(({ path }) => path);
  assert.deepEqual(found, []);
  const { text } = readSource('web/index.html');
  assert.doesNotMatch(text, /<style|\sstyle=|\son\w+=/);
  for (const [script] of text.matchAll(/<script[^>]*>[^<]*<\/script>/g)) assert.match(script, /src="[^"]+"><\/script>/);
});

test('nothing comes from elsewhere', () => {
  const found = [...pageSources(), readSource('web/index.html')]
    .filter(({ text }) => /(?:src|href|url\(|import).{0,3}https?:/.test(text))
    .map(({ path }) => path);
  assert.deepEqual(found, []);
});
