// The mode as people change it: for good, for a while, or until it proves wrong.
import type { ModePreview, ModeRequest } from '#model/api.ts';
import { attemptFromJson } from '#model/attempt.ts';
import { destinationName, programName } from '#model/sentence.ts';
import { compilePolicy, judgingGuests } from '#policy/index.ts';
import { readLog } from '#store/history.ts';
import type { Journal } from '#store/journal.ts';
import type { PolicyKeeper } from './policykeeper.ts';
import type { SettingsFile } from './settings.ts';

const previewMs = 7 * 24 * 3600 * 1000;
const previewRows = 50_000;
const previewGroups = 50;

/** The change of settings that a request asks for; a sentence when it asks for nothing. */
export function changeMode(settings: SettingsFile, request: ModeRequest, now: number): string | undefined {
  const { mode, pauseMinutes, revertSeconds, confirm } = request;
  settings.settle(now);
  if (confirm === true) {
    settings.change({ pausedUntil: null, revert: null });
    return undefined;
  }
  if (pauseMinutes !== undefined) {
    settings.change({ pausedUntil: now + pauseMinutes * 60_000 });
    return undefined;
  }
  if (mode === undefined) return 'say which mode: off, observe, allow, ask or lockdown';
  // What nobody confirmed yet is nothing to go back to.
  const before = settings.current.revert?.to ?? settings.current.mode;
  const revert = revertSeconds === undefined ? null : { to: before, at: now + revertSeconds * 1000 };
  settings.change({ mode, pausedUntil: null, revert });
  return undefined;
}

/** What of the last 7 days was allowed and would be refused in lockdown, by today's rules. */
export function previewLockdown(journal: Journal, keeper: PolicyKeeper, now: number): ModePreview {
  const lockdown = { revision: 0, mode: 'lockdown', accounts: keeper.accounts } as const;
  const policy = judgingGuests(compilePolicy(keeper.records, lockdown).policy);
  const groups = new Map<string, ModePreview['groups'][number]>();
  let total = 0;
  let ssh = 0;
  for (const { connection } of readLog(journal, { since: now - previewMs, action: 'allow', limit: previewRows })) {
    const attempt = attemptFromJson(connection.attempt);
    if (policy.decide(attempt, now).action === 'allow') continue;
    total += 1;
    const { direction } = attempt.flow;
    if (direction === 'in' && attempt.flow.local?.port === 22) ssh += 1;
    const app = programName(connection.attempt);
    const destination = destinationName(connection.attempt);
    const key = JSON.stringify([app, direction === 'in' ? attempt.flow.local?.port : destination, direction]);
    const known = groups.get(key);
    groups.set(key, { app, destination, direction, times: (known?.times ?? 0) + 1 });
  }
  const most = [...groups.values()].sort((a, b) => b.times - a.times).slice(0, previewGroups);
  return { total, groups: most, ssh };
}
