// The property of the flow cache: filled from decisions with exactly what they consulted, it never answers differently from `decide`.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Decision } from '#model/decision.ts';
import type { Mode } from '#model/mode.ts';
import { accounts, places, where } from '../arbitrary.ts';
import { isGuest, judgingGuests } from '../guest.ts';
import { compilePolicy } from '../policy.ts';
import { confining } from '../run/confine.ts';
import { cachedRules, history } from './arbitrary.ts';
import { cacheable, type FlowMask } from './mask.ts';
import { ModelCache } from './model.ts';

const runs = 10_000;
const callsEach = 20;

/** What was met over all runs. */
interface Tally {
  calls: number;
  hits: number;
  /** Entries whose time was over when they were looked up. */
  expired: number;
  /** Hits by masks that compare a field, and by masks that do not. */
  readonly comparing: Record<string, number>;
  readonly ignoring: Record<string, number>;
}

function count(tally: Tally, mask: FlowMask): void {
  tally.hits++;
  for (const [field, value] of Object.entries(mask)) {
    const side = value === false || value === 0 ? tally.ignoring : tally.comparing;
    side[field] = (side[field] ?? 0) + 1;
  }
}

function same(a: Decision, b: Decision): boolean {
  return (
    a.action === b.action &&
    a.rule === b.rule &&
    a.by === b.by &&
    a.revision === b.revision &&
    a.logged.join() === b.logged.join()
  );
}

test('the cache never answers differently from decide', () => {
  const tally: Tally = { calls: 0, hits: 0, expired: 0, comparing: {}, ignoring: {} };
  fc.assert(
    fc.property(
      cachedRules,
      fc.constantFrom<Mode>('allow', 'ask', 'lockdown'),
      history(callsEach),
      fc.tuple(where, where),
      fc.constantFrom<Mode | undefined>(undefined, undefined, undefined, undefined, 'ask', 'lockdown'),
      (records, mode, list, [here, there], confined) => {
        // The other policy is without the answers, and of another network: each swap gives one or takes them away.
        const without = records.filter(({ origin }) => origin !== 'answer');
        const cache = new ModelCache();
        let revision = 0;
        const compile = () => {
          const [rules, at] = revision % 2 === 0 ? [records, here] : [without, there];
          const context = { revision, accounts, places, where: at };
          const { policy: machine } = compilePolicy(rules, { ...context, mode });
          // Some of the programs belong to a command, which has the other rules.
          const ofRun =
            confined && compilePolicy(revision % 2 === 0 ? without : records, { ...context, mode: confined });
          return judgingGuests(confining(machine, ofRun === undefined ? [] : [{ id: 'one', policy: ofRun.policy }]));
        };
        let policy = compile();
        for (const moment of list) {
          if (moment.type === 'swap') {
            revision++;
            policy = compile();
            cache.swap();
            continue;
          }
          const { call, now } = moment;
          // Of what is forwarded, the cache is asked for this machine's own programs alone.
          if (call.attempt.flow.direction === 'forward' && !isGuest(call.attempt)) continue;
          tally.calls++;
          const entry = cache.find(call, now);
          const expected = policy.decide(call.attempt, now);
          if (entry !== undefined) {
            count(tally, entry.mask);
            if (!same(entry.decision, expected)) assert.deepEqual(entry, { ...entry, decision: expected });
            continue;
          }
          const { decision, consulted } = policy.decideConsulting(call.attempt, now);
          assert.ok(same(decision, expected));
          const entering = cacheable(call.attempt, decision, consulted);
          if (entering.ok) cache.add(call, { mask: entering.mask, decision, expires: entering.expires });
        }
        tally.expired += cache.expired;
      },
    ),
    { numRuns: runs },
  );
  // Not in vain: hits are many, by masks that compare a field and by masks that do not, and entries were outlived.
  const { calls, hits, expired, comparing, ignoring } = tally;
  assert.ok(hits > calls / 8, `${hits} hits of ${calls} calls`);
  assert.ok(expired > 100, `${expired} entries expired`);
  assert.ok((comparing.local ?? 0) > 20, `${comparing.local} of ${hits} hits compare the local address`);
  assert.ok((comparing.names ?? 0) > 5, `${comparing.names} of ${hits} hits rest on names`);
  for (const field of ['executable', 'process', 'uid', 'gid', 'cgroup', 'protocol', 'port', 'remoteBits']) {
    assert.ok((comparing[field] ?? 0) > hits / 50, `${comparing[field]} of ${hits} hits compare ${field}`);
    assert.ok((ignoring[field] ?? 0) > hits / 50, `${ignoring[field]} of ${hits} hits ignore ${field}`);
  }
});
