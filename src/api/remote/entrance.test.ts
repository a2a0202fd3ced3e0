// Passwords: how they are kept, what will do, who waits, and who never does.
import assert from 'node:assert/strict';
import { argon2Sync } from 'node:crypto';
import { describe, test } from 'node:test';
import { Bucket } from './bucket.ts';
import { Delays } from './delays.ts';
import { Entrance } from './entrance.ts';
import { Hasher } from './hasher.ts';
import { type Account, Passwords } from './passwords.ts';
import { hashPassword, parsePhc, verifyPassword } from './phc.ts';
import { neighbourhoodOf, plainAddress } from './prefix.ts';
import { minCharacters, weaknessOf } from './strength.ts';

const right = 'seven tall ships sail by night';
const phc = await hashPassword(right);

describe('a password that is kept', () => {
  test('is known again, however its letters are composed, and no other is', async () => {
    assert.match(phc, /^\$argon2id\$v=19\$m=65536,t=3,p=4\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    assert.equal(await verifyPassword(right, phc), true);
    assert.equal(await verifyPassword(`${right} `, phc), false);
    assert.equal(await verifyPassword(right, undefined), false);
    assert.notEqual(await hashPassword(right), phc, 'another salt each time');
    const accented = await hashPassword('\u00e9t\u00e9 comme hiver, \u00e9t\u00e9');
    assert.equal(await verifyPassword('e\u0301te\u0301 comme hiver, e\u0301te\u0301', accented), true);
  });

  test('is of this form and a sensible cost, or is none', () => {
    assert.notEqual(parsePhc(phc), undefined);
    for (const wrong of [
      ...['', right, phc.replace('argon2id', 'argon2i'), phc.replace('v=19', 'v=16'), `${phc}=`, ` ${phc}`],
      ...[
        phc.replace('m=65536', 'm=9999999'),
        phc.replace('m=65536', 'm=8'),
        phc.replace('t=3', 't=0'),
        phc.replace('p=4', 'p=0'),
      ],
    ]) {
      assert.equal(parsePhc(wrong), undefined, wrong);
    }
  });

  test('is made by the argon2id of RFC 9106, section 5.3', () => {
    const tag = argon2Sync('argon2id', {
      ...{
        memory: 32,
        passes: 3,
        parallelism: 4,
        tagLength: 32,
        message: Buffer.alloc(32, 1),
        nonce: Buffer.alloc(16, 2),
      },
      ...{ secret: Buffer.alloc(8, 3), associatedData: Buffer.alloc(12, 4) },
    });
    assert.equal(tag.toString('hex'), '0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659');
  });
});

test('a password is long, and not made of what everybody tries', () => {
  for (const good of [right, 'correct horse battery staple', 'Zwölf Boxkämpfer jagen', 'x8#kQ2!vR5@nW9$']) {
    assert.equal(weaknessOf(good, 'alice'), undefined, good);
  }
  for (const bad of [
    '',
    'x'.repeat(minCharacters),
    '12345678901234567890',
    'abcabcabcabcabcabc',
    'alicealicepassword1',
    'Postern-postern-1',
    right.slice(0, 14),
  ]) {
    assert.notEqual(weaknessOf(bad, 'alice'), undefined, bad);
  }
});

test('neighbours are an IPv4 address, or a /64', () => {
  assert.equal(neighbourhoodOf('::ffff:192.0.2.7'), '192.0.2.7');
  assert.equal(neighbourhoodOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
  assert.equal(neighbourhoodOf('fe80::1%eth0'), 'fe80::/64');
  assert.equal(neighbourhoodOf('nonsense'), 'unknown');
  assert.equal(plainAddress('::ffff:192.0.2.7'), '192.0.2.7');
});

test('delays double up to their bound, and are forgotten', () => {
  const delays = new Delays({ free: 3, firstMs: 1000, maxMs: 10_000, forgetMs: 60_000 });
  const waits: number[] = [];
  for (let n = 0, now = 0; n < 8; n++) {
    delays.begin('a', now);
    waits.push(delays.wait('a', now));
    now += delays.wait('a', now);
  }
  assert.deepEqual(waits, [0, 0, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  assert.equal(delays.wait('b', 0), 0);
  assert.equal(delays.wait('a', 10_000_000), 0);
  delays.forget('a');
  assert.equal(delays.wait('a', 36_000), 0);
});

test('a bucket gives what it holds, and then what comes', () => {
  const bucket = new Bucket(2, 1000);
  assert.deepEqual(
    [0, 0, 0, 500, 1000].map((now) => bucket.take(now)),
    [0, 0, 1000, 500, 0],
  );
});

test('one is hashed at a time, and who is known goes first', async () => {
  const hasher = new Hasher();
  const order: string[] = [];
  let running = 0;
  const work = (name: string) => async () => {
    running += 1;
    assert.equal(running, 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    order.push(name);
    running -= 1;
  };
  const all = [hasher.run(false, work('first')), hasher.run(false, work('stranger')), hasher.run(true, work('known'))];
  for (let n = 0; n < 7; n++) all.push(hasher.run(false, work('crowd')));
  assert.deepEqual([hasher.hasRoom(false), hasher.hasRoom(true)], [false, true]);
  await Promise.all(all);
  assert.deepEqual(order.slice(0, 3), ['first', 'known', 'stranger']);
  assert.equal(hasher.hasRoom(false), true);
});

describe('the entrance', () => {
  const user = 'alice';
  let now = 1_000_000;
  const make = (stands: (account: Account) => boolean = () => true) => {
    let file: string | undefined;
    const passwords = new Passwords({
      read: () => file,
      write: (text) => {
        file = text;
      },
    });
    passwords.set(user, 1000, phc, now);
    return { passwords, entrance: new Entrance({ passwords, now: () => now, stands }) };
  };
  const how = (entered: Awaited<ReturnType<Entrance['enter']>>) => ('refused' in entered ? entered.refused : 'in');

  test('attacked from very many addresses, strangers wait, and a known browser and a known address do not', async () => {
    const { entrance } = make();
    const first = await entrance.enter({ user, password: right, from: '192.0.2.1', browser: undefined });
    assert.ok('account' in first);
    const seen = new Map<string, number>();
    for (let n = 0; n < 200; n++) {
      const entered = await entrance.enter({ user, password: 'wrong', from: `198.51.100.${n}`, browser: undefined });
      seen.set(how(entered), (seen.get(how(entered)) ?? 0) + 1);
      now += 10;
    }
    assert.ok((seen.get('login') ?? 0) <= 22, JSON.stringify([...seen]));
    assert.equal(
      how(await entrance.enter({ user, password: right, from: '203.0.113.9', browser: undefined })),
      'too-soon',
    );
    assert.equal(
      how(await entrance.enter({ user, password: right, from: '203.0.113.9', browser: first.browser })),
      'in',
    );
    assert.equal(
      how(await entrance.enter({ user, password: right, from: '203.0.113.9', browser: undefined })),
      'in',
      'where it was last',
    );
    now += 61_000;
    assert.equal(
      how(await entrance.enter({ user, password: right, from: '203.0.113.10', browser: undefined })),
      'in',
      'never for longer than a minute',
    );
  });

  test('a stolen browser token of one account opens no lane to another, and guesses with it are slowed down too', async () => {
    const { entrance, passwords } = make();
    const first = await entrance.enter({ user, password: right, from: '192.0.2.1', browser: undefined });
    assert.ok('account' in first);
    passwords.set('bob', 1001, phc, now);
    const seen: string[] = [];
    for (let n = 0; n < 6; n++) {
      seen.push(
        how(await entrance.enter({ user, password: 'wrong', from: `198.51.100.${n}`, browser: first.browser })),
      );
    }
    assert.deepEqual(seen, ['login', 'login', 'login', 'login', 'login', 'too-soon']);
    assert.equal(passwords.browser('bob', first.browser, now), undefined);
  });

  test('many at once are counted before any is known to be wrong', async () => {
    const { entrance } = make();
    const tries = Array.from({ length: 20 }, () =>
      entrance.enter({ user, password: 'wrong', from: '192.0.2.1', browser: undefined }),
    );
    const seen = (await Promise.all(tries)).map(how);
    assert.equal(seen.filter((one) => one === 'login').length, 5);
  });

  test('an account that is another one now does not come in', async () => {
    const { entrance } = make(() => false);
    assert.equal(how(await entrance.enter({ user, password: right, from: '192.0.2.1', browser: undefined })), 'login');
  });

  test('what cannot be written does not hold, and a file that cannot be read is not written over', () => {
    const full = new Passwords({
      read: () => undefined,
      write: () => {
        throw new Error('ENOSPC');
      },
    });
    assert.throws(() => full.set(user, 1000, phc, now), /ENOSPC/);
    assert.equal(full.of(user), undefined);
    assert.match(
      new Passwords({ read: () => '{"accounts":[{}]}', write: () => {} }).problem ?? '',
      /not as Postern wrote it/,
    );
    const { passwords } = make();
    assert.equal(passwords.remove('nobody'), false);
    assert.equal(passwords.remove(user), true);
    assert.equal(passwords.size, 0);
  });
});
