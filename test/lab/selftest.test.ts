// The self-test on a real kernel: it holds where Postern enforces, and says why where it can show nothing.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Status } from '#model/api.ts';
import type { SelfTestView } from '#model/shown/selftest.ts';
import { Lab, type Postern } from './lab.ts';

describe('the self-test', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;

  before(async () => {
    lab = await Lab.create();
    lab.account('pt-other');
    postern = await lab.postern({ mode: 'ask' });
  });
  after(async () => {
    await postern?.stop();
    await lab?.close();
  });

  const tested = async () => JSON.parse((await postern.cli(['self-test', '--json'])).stdout) as SelfTestView;

  for (const mode of ['ask', 'lockdown', 'allow'] as const) {
    test(`in ${mode} what is refused fails, at once, and what is allowed passes`, async () => {
      assert.equal((await postern.cli(['mode', mode, ...(mode === 'lockdown' ? ['--now'] : [])])).code, 0);
      const ran = await postern.cli(['self-test']);
      assert.equal(ran.code, 0, ran.stdout + ran.stderr);
      assert.match(
        ran.stdout,
        /^A connection that a rule refuses failed \(\w+\), and one that a rule allows was made\./,
      );
      const found = await tested();
      assert.ok((found.refusedMs ?? Number.POSITIVE_INFINITY) < 2500, `${found.refusedMs} ms`);
      assert.equal((await postern.json<Status>(['status'])).selfTest?.result, 'held');
    });
  }

  test('where the rule is switched off, the self-test says what decides', async () => {
    assert.equal((await postern.cli(['rule', 'disable', 'builtin-self-test'])).code, 0);
    const ran = await postern.cli(['self-test']);
    assert.deepEqual([ran.code, (await tested()).result], [1, 'overruled']);
    assert.match(ran.stdout, /^By the rule "builtin-loopback-out", 127\.80\.79\.83 would be allowed/);
    await postern.json(['undo']);
    assert.equal((await tested()).result, 'held');
  });

  test('in observe nothing is enforced, and nobody else may ask', async () => {
    assert.equal((await postern.cli(['self-test'], { user: 'pt-other' })).code, 4);
    assert.equal((await postern.cli(['mode', 'observe'])).code, 0);
    assert.equal((await tested()).result, 'not-enforced');
    assert.match((await postern.cli(['status'])).stdout, /^Self-test +The mode is observe: /m);
  });
});
