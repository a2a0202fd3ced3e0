// Little Snitch's rule groups and Portmaster's profiles: what they become, and what is said of the rest.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImportFormat } from '#model/exchange/reports.ts';
import { importRules } from '../import.ts';

function imported(format: ImportFormat, json: unknown) {
  const files = [{ name: 'x', text: JSON.stringify(json) }];
  return importRules(format, { files, readFolder: () => undefined }).report;
}

test('lsrules: programs, destinations, ports, priorities and directions', () => {
  const { rules, left } = imported('lsrules', {
    name: 'Updates',
    rules: [
      { action: 'allow', process: '/usr/bin/curl', 'remote-hosts': 'sw-update.example.com' },
      { action: 'deny', process: 'any', 'remote-domains': ['facebook.com', 'x.com'], priority: 'high' },
      {
        action: 'allow',
        process: '/a',
        'remote-addresses': '192.0.2.1, 10.1.2.3/8, 198.51.100.0-198.51.100.4',
        ports: '80-90',
        protocol: 'tcp',
        disabled: true,
        notes: 'why',
      },
      { process: 'any', direction: 'incoming', remote: 'local-net', ports: '22' },
      { action: 'allow', process: '/a', via: '/b' },
      { action: 'allow', process: 'identifier.ABC/com.example' },
      { action: 'allow', process: 'any', remote: 'bonjour' },
      { action: 'allow', process: 'any', 'remote-addresses': '10.0.0.9-10.0.0.1' },
      { action: 'allow', process: 'any', owner: 'system' },
      7,
    ],
    'denied-remote-domains': ['ads.example.com', 'no name'],
  });
  assert.deepEqual(rules, [
    { name: 'Updates 1', action: 'allow', priority: 0, app: '/usr/bin/curl', to: 'sw-update.example.com' },
    { name: 'Updates 2', action: 'reject', priority: 100, to: ['.facebook.com', '.x.com'] },
    {
      ...{ name: 'Updates 3', action: 'allow', priority: 0, enabled: false, note: 'why', app: '/a' },
      ...{ to: ['192.0.2.1', '10.0.0.0/8', '198.51.100.0/30', '198.51.100.4'], port: '80-90', protocol: 'tcp' },
    },
    { name: 'Updates 4', action: 'ask', priority: 0, direction: 'in', from: 'lan', port: 22 },
    { name: 'Updates remote-domains', action: 'reject', priority: 0, to: '.ads.example.com' },
  ]);
  assert.deepEqual(
    left.map(({ from }) => from),
    [...[5, 6, 7, 8, 9, 10].map((number) => `x: rule ${number}`), 'x: denied-remote-domains: no name'],
  );
  const many = imported('lsrules', {
    'denied-remote-hosts': Array.from({ length: 10_000 }, (_, at) => `h${at}.example.com`),
  });
  assert.deepEqual(
    many.rules.map(({ to }) => to?.length),
    [4096, 4096, 1808],
  );
});

test('portmaster: endpoints in their order, first those of the program, then the global ones, then the defaults', () => {
  const { rules, left } = imported('portmaster', {
    profiles: [
      { type: 'settings', config: { filter: { endpoints: ['- AS123', '+ *'], defaultAction: 'ask' } } },
      {
        type: 'profile',
        name: 'Firefox',
        fingerprints: [{ type: 'path', operation: 'equals', value: '/usr/lib/firefox/firefox' }],
        config: {
          'filter/endpoints': [
            '+ .example.com TCP/443',
            '- *.ads.example.com',
            '+ LAN',
            '- DE,FR */80',
            '- L:MAL',
            '+ *part',
            '- *',
            '? x',
          ],
          'filter/serviceEndpoints': ['- *'],
          'filter/defaultAction': 'block',
          'filter/blockP2P': true,
        },
      },
    ],
  });
  const app = '/usr/lib/firefox/firefox';
  assert.deepEqual(
    rules.map(({ name: _, ...rest }) => rest),
    [
      { action: 'allow', priority: 8, app, to: '.example.com', port: 443, protocol: 'tcp' },
      { action: 'reject', priority: 7, app, to: '*.ads.example.com' },
      { action: 'allow', priority: 6, app, to: 'lan' },
      { action: 'reject', priority: 5, app, to: ['country:DE', 'country:FR'], port: 80 },
      { action: 'reject', priority: 5, app },
      { action: 'drop', priority: 4, app, direction: 'in' },
      { action: 'reject', priority: 3, to: 'as:123' },
      { action: 'allow', priority: 2 },
      { action: 'reject', priority: 1, app },
    ],
  );
  assert.deepEqual(
    left.map(({ from }) => from.replace(/.*: /, '')),
    ['filter/endpoints 5', 'filter/endpoints 6', 'filter/endpoints 8', 'filter/blockP2P', 'filter/defaultAction'],
  );
});
