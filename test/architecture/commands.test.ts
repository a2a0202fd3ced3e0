// The API and the command line can do the same, so that no page will be able to do what a command cannot.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browserOperations, operations } from '#api/openapi.ts';
import { productSources, readSource } from './sources.ts';

/** Operations that no command asks for, each with the reason. */
const withoutCommand: Readonly<Record<string, string>> = {
  'GET /openapi.json': 'for those who write clients',
  'GET /doctor': '`postern doctor` looks by itself, also where nothing runs',
  'POST /reload': 'rule files are read when they change, and `postern up` reads them again at SIGHUP',
};

const plain = (path: string): string =>
  path.replaceAll(/\$\{encodeURIComponent\([^}]*\)\}|\$\{[^}]*\}|:\w+|\{\w+\}/g, '*');
const operation = (method: string, path: string): string =>
  `${method.toUpperCase()} ${plain(path).replace(/\?.*$/, '')}`;

const described = operations.map(({ method, path }) => operation(method, path));

test('the OpenAPI document has the routes of the API, in their order', () => {
  const { text } = readSource('src/api/app.ts');
  const routes = [...text.matchAll(/^ {2}app\.(get|post|put|patch|delete)\('([^']+)'/gm)].map(
    ([, method = '', path = '']) => operation(method, path),
  );
  assert.ok(routes.length > 10);
  assert.deepEqual(described, routes);
});

test('what browsers have beside them is the session, and it is described', () => {
  const { text } = readSource('src/api/pages/app.ts');
  const routes = [...text.matchAll(/^ {2}app\.(get|post|put|patch|delete)\('\/api\/v1([^']+)'/gm)]
    .map(([, method = '', path = '']) => operation(method, path))
    .filter((one) => !described.includes(one));
  assert.deepEqual(
    browserOperations.map(({ method, path }) => operation(method, path)),
    routes,
  );
});

test('every operation of the API has its command, and no command asks for another', () => {
  const asked = new Set<string>();
  for (const { path, text } of productSources()) {
    if (!/^src\/(cli|client)\//.test(path)) continue;
    const named = /const path = \(.*?\) => [`'](\/[^`']*)[`']/.exec(text)?.[1] ?? '';
    const asks = /'(GET|POST|PUT|PATCH|DELETE)',\s*(?:['`](\/[^'`]*)['`]|path\()/g;
    for (const [, method = '', where = named] of text.matchAll(asks)) asked.add(operation(method, where));
    // The stream of events is not asked for once but followed.
    if (/\/events\b/.test(text)) asked.add('GET /events');
  }
  assert.deepEqual(
    described.filter((one) => !asked.has(one) && withoutCommand[one] === undefined),
    [],
    'operations without a command',
  );
  assert.deepEqual(
    [...asked].filter((one) => !described.includes(one)),
    [],
    'commands without an operation',
  );
});
