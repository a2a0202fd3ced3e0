// Registered domains: what belongs to one owner, and what offers no domain.
import assert from 'node:assert/strict';
import test from 'node:test';
import { registeredDomain } from './domains.ts';

test('the registered domain is one label more than the public suffix', () => {
  for (const [name, domain] of [
    ['example.com', 'example.com'],
    ['a.b.example.com', 'example.com'],
    ['www.example.co.uk', 'example.co.uk'],
    ['city.kobe.jp', 'city.kobe.jp'],
    ['a_b.example.com', 'example.com'],
    // IDN, as they come: in their ASCII form, also of the suffix.
    ['www.xn--bcher-kva.de', 'xn--bcher-kva.de'],
    ['a.b.xn--55qx5d.cn', 'b.xn--55qx5d.cn'],
    // The private part of the list: others have names below the same suffix.
    ['www.alice.github.io', 'alice.github.io'],
  ] as const) {
    assert.equal(registeredDomain(name), domain, name);
  }
});

test('a public suffix, and a name under none, have no domain', () => {
  for (const name of [
    ...['com', 'co.uk', 'github.io', 'x.ck', 'kobe.jp', 'any.kobe.jp'],
    ...['localhost', 'localhost.lan', 'site.example', 'printer.home.arpa.lan', 'a.b.internal'],
    ...['10.0.0.1', '2001:db8::1', '', '.', '..', 'a..', 'x'.repeat(300)],
  ]) {
    assert.equal(registeredDomain(name), undefined, name);
  }
});

test('a domain always holds the name', () => {
  for (const name of [
    '*.example.com',
    'a@b.example.com',
    'http://example.com/',
    'example.com:80',
    'a b.example.com',
    'EXAMPLE.com',
  ]) {
    const domain = registeredDomain(name);
    assert.ok(domain === undefined || name === domain || name.endsWith(`.${domain}`), `${name} ${domain}`);
  }
});
