import assert from 'node:assert/strict';
import test from 'node:test';
import { type DestinationName, maxNames } from '#model/attempt.ts';
import type { FirstSaid } from '#wire/firstwords/firstwords.ts';
import { contradicts, isSettled, namesOfGoing, namesSaid } from './said.ts';

const dns = (name: string): DestinationName => ({ name, from: 'dns' });
const said = (name: string, more: { encryptedHello?: boolean; proxied?: boolean } = {}): FirstSaid => ({
  ...{ kind: 'name', name, from: 'sni', encryptedHello: false, proxied: false },
  ...more,
});
const both = [dns('a.example'), dns('b.example')];

test('the name that is said stands alone, with what was known of it before', () => {
  const sni = { name: 'b.example', from: 'sni' };
  assert.deepEqual(namesSaid(both, said('b.example')), [sni, dns('b.example')]);
  assert.deepEqual(namesSaid(both, said('c.example')), [{ name: 'c.example', from: 'sni' }]);
  assert.deepEqual(namesSaid([], said('b.example')), [sni]);
  assert.deepEqual(namesSaid(namesSaid(both, said('b.example')), said('b.example')), [sni, dns('b.example')]);
});

test('beside an encrypted name, and beside what a proxy is asked for, the others stay', () => {
  const outer = namesSaid(both, said('c.example', { encryptedHello: true }));
  assert.deepEqual(outer, [{ name: 'c.example', from: 'sni', ech: true }, ...both]);
  assert.deepEqual(namesSaid(both, said('c.example', { proxied: true })).slice(1), both);
});

test('what says no name changes nothing', () => {
  for (const nothing of [
    undefined,
    { kind: 'more' },
    { kind: 'none', reason: 'unnamed' },
    { kind: 'unseen', reason: 'joined-late' },
  ] as const) {
    assert.equal(namesSaid(both, nothing), both);
    assert.equal(contradicts(both, nothing), false);
  }
});

test('never more names than an attempt has; what was said is among them', () => {
  const many = Array.from({ length: maxNames }, (_, at) => dns(`${at}.example`));
  const names = namesSaid(many, said('c.example', { encryptedHello: true }));
  assert.equal(names.length, maxNames);
  assert.equal(names[0]?.name, 'c.example');
});

test('a flow that said its name is called so to its end; another one also as its address is called later', () => {
  const heard = namesSaid(both, said('b.example'));
  assert.equal(isSettled(heard), true);
  assert.equal(namesOfGoing([dns('late.example')], heard), heard);
  assert.deepEqual(namesOfGoing([dns('late.example')], both), [dns('late.example'), ...both]);
  const outer = namesSaid(both, said('c.example', { encryptedHello: true }));
  assert.equal(isSettled(outer), false);
});

test('another name than those a flow was judged by is another destination, unless it may not be the true one', () => {
  assert.equal(contradicts(both, said('c.example')), true);
  assert.equal(contradicts(both, said('a.example')), false);
  assert.equal(contradicts([], said('a.example')), false, 'nothing was known');
  assert.equal(contradicts(both, said('c.example', { encryptedHello: true })), false);
  assert.equal(contradicts(both, said('c.example', { proxied: true })), false);
});
