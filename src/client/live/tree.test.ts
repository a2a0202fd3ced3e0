// Connections as a tree, and as a chart.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLine } from '#model/api.ts';
import { countByTime, stack } from './series.ts';
import { buildTree, isOpen, stateOf, visibleRows } from './tree.ts';

const line = (app: string, name: string | undefined, port: number, time: number, action: LogLine['action'] = 'allow') =>
  ({
    ...{ id: `${app}${name}${time}`, sequence: time, app, user: 'alice', time, action, rule: null },
    domain: name?.split('.').slice(-2).join('.') ?? null,
    attempt: {
      process: { exe: `/usr/bin/${app}` },
      flow: { protocol: 'tcp', direction: 'out', remote: { address: '198.51.100.7', port } },
      names: name === undefined ? [] : [{ name, from: 'dns' }],
    },
  }) as unknown as LogLine;
const options = { from: 0, to: 100, search: '' };
const lines = [
  line('curl', 'a.example.com', 443, 10),
  line('curl', 'b.example.com', 443, 20, 'reject'),
  line('ssh', undefined, 22, 30),
  line('curl', 'a.example.com', 80, 40),
];

test('apps, domains and names, the newest first', () => {
  const rows = visibleRows(buildTree(lines, options), new Set());
  assert.deepEqual(
    rows.map(({ level, title, connections }) => [level, title, connections]),
    [
      [1, 'curl', 3],
      [2, 'example.com', 3],
      [1, 'ssh', 1],
      [2, '198.51.100.7', 1],
    ],
  );
});

test('a refusal among passes is what a row shows', () => {
  const [curl] = buildTree(lines, options);
  assert.ok(curl);
  assert.equal(stateOf(curl), 'reject');
  assert.deepEqual(
    curl.children[0]?.children.map(({ title }) => title),
    ['a.example.com:80/tcp', 'b.example.com:443/tcp', 'a.example.com:443/tcp'],
  );
});

test('time and search choose', () => {
  assert.deepEqual(
    buildTree(lines, { ...options, from: 25 }).map(({ title }) => title),
    ['curl', 'ssh'],
  );
  assert.deepEqual(
    buildTree(lines, { ...options, search: ' B.Example ' }).map(({ connections }) => connections),
    [1],
  );
});

test('turning a row closes an app and opens a domain', () => {
  const [curl] = buildTree(lines, options);
  assert.ok(curl);
  const [domain] = curl.children;
  assert.ok(domain);
  assert.ok(isOpen(curl, new Set()) && !isOpen(curl, new Set([curl.key])));
  assert.ok(!isOpen(domain, new Set()) && isOpen(domain, new Set([domain.key])));
});

test('what a program calls itself is escaped, and two that look alike stay two', () => {
  const tree = buildTree([line('ev\u202eil', undefined, 1, 1), line('evil', undefined, 1, 2)], options);
  assert.deepEqual(
    tree.map(({ title }) => title),
    ['evil', 'ev\\u{202e}il'],
  );
});

test('each connection is counted in its part of the time, and the parts are stacked', () => {
  const series = countByTime(lines, 10, 40, 10);
  assert.deepEqual(series.times, [0.01, 0.02, 0.03, 0.04]);
  assert.deepEqual(series.counts.allow, [1, 0, 1, 1]);
  assert.deepEqual(series.counts.reject, [0, 1, 0, 0]);
  assert.deepEqual(stack(series).drop, [1, 1, 1, 1]);
});
