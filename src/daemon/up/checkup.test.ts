// Who asks what the doctor says shares one look, and hears when there is none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DoctorReport } from '#model/api.ts';
import { Checkups } from './checkup.ts';
import { statusLines } from './statusline.ts';

const report: DoctorReport = { tier: 'full', checks: [{ name: 'kernel', ok: 'yes', text: 'Linux' }] };

test('many who ask share one look, which is new for a while', async () => {
  let [now, asked] = [1000, 0];
  const checkups = new Checkups(
    () => now,
    () => {
      asked += 1;
    },
  );
  const both = Promise.all([checkups.report(), checkups.report()]);
  checkups.hear(report);
  assert.deepEqual(await both, [
    { ok: true, value: report },
    { ok: true, value: report },
  ]);
  assert.deepEqual([(await checkups.report()).ok, asked], [true, 1]);
  now += 30_000;
  const third = checkups.report();
  assert.equal(asked, 2);
  checkups.hear(null);
  assert.equal((await third).ok, false);
});

test('the supervisor is asked for nothing else', () => {
  const heard: unknown[] = [];
  const hear = statusLines((line) => heard.push(line));
  hear('{"wants":"doctor"}\n{"wants":"rm"}\n{"wants":["doctor"]}\n');
  assert.deepEqual(heard, [{ wants: 'doctor' }, {}, {}]);
});
