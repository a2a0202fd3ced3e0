// How the log and the apps show what was sent and received, and what of it where nothing counts.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type LogLine, logLineSchema } from '#model/api.ts';
import type { ConnectionEnd } from '#model/connection.ts';
import { formatTime } from '../output.ts';
import { Following, formatEndLine, formatLine } from './log.ts';

const time = 1_700_000_000_000;
const end: ConnectionEnd = { time: time + 65_000, bytesOut: 12_400, bytesIn: 3000, packetsOut: 12, packetsIn: 9 };

function line(more: Partial<LogLine> = {}): LogLine {
  return logLineSchema.parse({
    ...{ id: 'k0-1', time, lastTime: time, action: 'allow', enforced: true, rule: 'web', reason: 'rule', revision: 1 },
    ...{ logged: [], evidence: [], packets: 1, heldMs: 0, sequence: 7, app: 'curl', user: 'alice', domain: null },
    attempt: {
      process: { exe: '/usr/bin/curl', uid: 1000 },
      flow: { protocol: 'tcp', remote: { address: '192.0.2.2', port: 80 } },
    },
    ...more,
  });
}

suite('a line of the log', () => {
  const begin = `${formatTime(time)} curl (alice) → 192.0.2.2:80/tcp`;

  test('shows the totals of a connection that has ended', () => {
    assert.equal(formatLine(line({ end })), `${begin} allowed by rule "web"  (12.4 kB sent, 3 kB received)`);
  });

  test('shows no totals while they are not known', () => {
    assert.equal(formatLine(line()), `${begin} allowed by rule "web"`);
    assert.equal(formatLine(line({ packets: 3 })), `${begin} allowed by rule "web"  (3 packets)`);
  });

  test('keeps the log rules', () => {
    const text = formatLine(line({ end, logged: ['log-root'] }));
    assert.ok(text.endsWith('  (12.4 kB sent, 3 kB received)  [log: log-root]'), text);
  });

  test('of an end alone has its time', () => {
    const ended = `${formatTime(end.time)} curl (alice) → 192.0.2.2:80/tcp ended`;
    assert.equal(formatEndLine(line({ end })), `${ended}  (12.4 kB sent, 3 kB received)`);
  });
});

suite('whoever follows the log', () => {
  test('hears of each connection when it begins and when it ends', () => {
    const following = new Following([]);
    const told = [line(), line({ packets: 2 }), line({ end })].map((one) => following.handle(one));
    assert.deepEqual(told, ['begun', undefined, 'ended']);
  });

  test('hears once of one that had ended before it was told', () => {
    const following = new Following([]);
    assert.equal(following.handle(line({ end })), 'begun');
  });

  test('hears only the end of one that was shown before', () => {
    const following = new Following([line(), line({ id: 'k0-2', end })]);
    assert.equal(following.handle(line()), undefined);
    assert.equal(following.handle(line({ end })), 'ended');
  });
});
