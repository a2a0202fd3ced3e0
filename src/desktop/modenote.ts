// Notifications of the mode: a lockdown that goes back unless somebody keeps it; and of what went wrong.
import type { Status } from '#model/api.ts';
import type { Note } from './note.ts';

export function lockdownNote(status: Status | undefined): Note | undefined {
  if (status === undefined || status.revertsAt === null || status.revertsTo === null) return undefined;
  const { mode, revertsAt, revertsTo } = status;
  return {
    title: `The mode is ${mode} now, for a minute`,
    body: `It goes back to ${revertsTo} unless you keep it: so nobody is locked out by mistake.`,
    instead: `Keep it with: postern mode ${mode} --confirm`,
    urgency: 'critical',
    expires: revertsAt,
    actions: [
      { key: 'keep', label: `Keep ${mode}`, deed: { type: 'mode', request: { confirm: true } } },
      { key: 'back', label: `Back to ${revertsTo}`, deed: { type: 'mode', request: { mode: revertsTo } } },
    ],
  };
}

export function troubleNote(title: string, why: string, expires: number): Note {
  const open = { type: 'open', view: '/health' } as const;
  return {
    title,
    body: why,
    instead: '',
    urgency: 'normal',
    expires,
    actions: [{ key: 'default', label: 'Health', deed: open }],
  };
}
