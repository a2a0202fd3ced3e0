// Encrypted DNS in words: one sentence an app, bounded, and with outside text escaped.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EncryptedDnsApp } from '#model/status.ts';
import { formatEncryptedDns, summarizeEncryptedDns } from './encrypteddns.ts';

const app = (name: string, to: string[], user: string | null = null): EncryptedDnsApp => ({
  ...{ app: name, user, by: ['https'], to, connections: to.length, last: 1 },
});

test('nobody asks so: nothing is said', () => {
  assert.deepEqual(formatEncryptedDns({ connections: 0, apps: [] }), []);
  assert.equal(summarizeEncryptedDns({ connections: 0, apps: [] }), undefined);
});

test('each app has a sentence, and the last line says what can be done', () => {
  const apps = [app('firefox', ['1.1.1.1'], 'alice'), app('curl', ['dns.google', '8.8.8.8', '9.9.9.9', '1.0.0.1'])];
  assert.deepEqual(formatEncryptedDns({ connections: 5, apps }), [
    'firefox (alice) asks 1.1.1.1 by encrypted DNS: the names it is told are not seen',
    'curl asks dns.google, 8.8.8.8, 9.9.9.9 and 1 more by encrypted DNS: the names it is told are not seen',
    'to refuse it: postern rule add reject --to list:encrypted-dns --port 443 --port 853',
  ]);
  assert.equal(
    summarizeEncryptedDns({ connections: 5, apps }),
    'Not seen: what firefox (alice) and curl ask by encrypted DNS; `postern status` says more.',
  );
});

test('many apps are cut short, and their names cannot write to the terminal', () => {
  const apps = Array.from({ length: 20 }, (_, number) => app(`app${number}\u001b[31m`, ['dns.example\n']));
  const lines = formatEncryptedDns({ connections: 20, apps });
  assert.equal(lines.length, 10);
  assert.equal(lines[8], 'and 12 more apps do so');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
  assert.doesNotMatch(lines.join(''), /[\u0000-\u001f]/);
});
