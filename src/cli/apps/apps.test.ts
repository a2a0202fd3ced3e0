// What `postern apps` prints of the list; what it prints of one app, the lab shows.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type AppView, appViewSchema } from '#model/api.ts';
import { formatApps } from './apps.ts';

const time = 1_700_000_000_000;

suite('the list of apps', () => {
  const app = (more: Partial<AppView>): AppView =>
    appViewSchema.parse({
      ...{ app: 'curl', connections: 3, refused: 0, destinations: 2, first: time, last: time, users: ['alice'] },
      ...{ bytesOut: null, bytesIn: null },
      ...more,
    });
  const words = (apps: readonly AppView[]) =>
    formatApps(apps)
      .split('\n')
      .map((row) => row.split(/ {2,}/).slice(0, -2));

  test('has columns for what was sent and received, and a dash where it is not known', () => {
    assert.deepEqual(words([app({ bytesOut: 5_300_000, bytesIn: 0 }), app({ app: 'wget' })]), [
      ['APP', 'CONNECTIONS', 'REFUSED', 'DESTINATIONS', 'SENT', 'RECEIVED'],
      ['curl', '3', '0', '2', '5.3 MB', '0 B'],
      ['wget', '3', '0', '2', '-', '-'],
    ]);
  });

  test('has no such columns where nothing counts', () => {
    assert.deepEqual(words([app({})]), [
      ['APP', 'CONNECTIONS', 'REFUSED', 'DESTINATIONS'],
      ['curl', '3', '0', '2'],
    ]);
  });
});
