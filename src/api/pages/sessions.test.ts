// Links work once, for a minute, for one user; sessions end by themselves; wrong tokens lock nobody out.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Peer } from '../access.ts';
import { maxWrong, WrongTokens } from './attempts.ts';
import { Links, linkMs, maxLinksOfUser } from './links.ts';
import { idleMs, maxSessionsOfUser, Sessions, wholeMs } from './sessions.ts';
import { newToken, TokenTable } from './tokens.ts';

const alice: Peer = { pid: 1, uid: 1000, gid: 1000, groups: [27] };
const bob: Peer = { pid: 2, uid: 1001, gid: 1001, groups: [] };

describe('tokens', () => {
  test('have 256 bits, and none is like another', () => {
    const tokens = new Set(Array.from({ length: 1000 }, newToken));
    assert.equal(tokens.size, 1000);
    for (const token of tokens) assert.equal(Buffer.from(token, 'base64url').length, 32);
  });

  test('of any other shape are looked for nowhere', () => {
    const table = new TokenTable<string>();
    const token = table.add('it');
    assert.equal(table.find(token), 'it');
    for (const wrong of ['', `${token}=`, token.slice(1), `${token}\0`, ` ${token}`, '__proto__', newToken()]) {
      assert.equal(table.find(wrong), undefined);
    }
  });
});

describe('links', () => {
  const token = (links: Links, peer = alice, browser = peer.uid, now = 0) => {
    const made = links.make(peer, browser, now);
    assert.ok(made.ok);
    return made.value.token;
  };

  test('work once', () => {
    const links = new Links();
    const one = token(links);
    assert.deepEqual(links.take(one, 1000, 1)?.peer, alice);
    assert.equal(links.take(one, 1000, 1), undefined);
  });

  test('work for a minute, and not from its end on', () => {
    const links = new Links();
    assert.notEqual(links.take(token(links), 1000, linkMs - 1), undefined);
    assert.equal(links.take(token(links), 1000, linkMs), undefined);
  });

  test('are nothing in the browser of another user, and are not used up by it', () => {
    const links = new Links();
    const one = token(links);
    assert.equal(links.take(one, 1001, 1), undefined);
    assert.equal(links.take(one, 0, 1), undefined);
    assert.notEqual(links.take(one, 1000, 1), undefined);
  });

  test('may be sixteen of a user at a time, and others have their own', () => {
    const links = new Links();
    const first = token(links);
    for (let n = 1; n < maxLinksOfUser; n++) token(links);
    assert.equal(links.make(alice, 1000, 1).ok, false);
    assert.ok(links.make(bob, 1001, 1).ok);
    links.take(first, 1000, 1);
    assert.ok(links.make(alice, 1000, 1).ok, 'one was used');
    assert.equal(links.make(alice, 1000, 1).ok, false);
    assert.ok(links.make(alice, 1000, linkMs + 1).ok, 'the others have ended');
  });
});

describe('sessions', () => {
  const of = { peer: alice, user: 'alice', browser: 1000 };

  test('end when they were not used for twelve hours', () => {
    const sessions = new Sessions();
    const cookie = sessions.begin(of, 0);
    assert.notEqual(sessions.use(cookie, 1000, idleMs - 1), undefined);
    assert.notEqual(sessions.use(cookie, 1000, 2 * idleMs - 2), undefined, 'each use counts');
    assert.equal(sessions.use(cookie, 1000, 3 * idleMs), undefined);
  });

  test('end after seven days, however much they are used', () => {
    const sessions = new Sessions();
    const cookie = sessions.begin(of, 0);
    for (let now = 0; now < wholeMs; now += idleMs / 2) assert.notEqual(sessions.use(cookie, 1000, now), undefined);
    assert.equal(sessions.use(cookie, 1000, wholeMs), undefined);
  });

  test('are nothing from connections of another user', () => {
    const sessions = new Sessions();
    const cookie = sessions.begin(of, 0);
    for (const uid of [0, 1001, -1]) assert.equal(sessions.use(cookie, uid, 1), undefined);
    assert.equal(sessions.use(cookie, 1000, 1)?.user, 'alice');
  });

  test('beyond 32 of a user, the one that was idle the longest ends', () => {
    const sessions = new Sessions();
    const cookies = Array.from({ length: maxSessionsOfUser }, (_, at) => sessions.begin(of, at));
    const other = sessions.begin({ peer: bob, user: 'bob', browser: 1001 }, 0);
    assert.notEqual(sessions.use(cookies[0] as string, 1000, 100), undefined);
    const newest = sessions.begin(of, 101);
    assert.equal(sessions.use(cookies[1] as string, 1000, 102), undefined);
    for (const cookie of [cookies[0] as string, cookies[2] as string, newest]) {
      assert.notEqual(sessions.use(cookie, 1000, 102), undefined);
    }
    assert.notEqual(sessions.use(other, 1001, 102), undefined);
  });
});

test('of wrong tokens twenty a minute are looked at, and it is said when the next will be', () => {
  const wrong = new WrongTokens();
  for (let n = 0; n < maxWrong; n++) assert.equal(wrong.add(n * 1000), undefined);
  assert.equal(wrong.add(20_000), 40);
  assert.equal(wrong.add(59_999), 1);
  assert.equal(wrong.add(60_000), undefined);
  assert.equal(wrong.add(60_001), 1, 'the second of them');
});
