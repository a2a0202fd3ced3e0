// Undoes a change of the rules.
import { api } from '../api/calls.ts';
import { say, sayFailure } from './saying.ts';

/** Without a version: the last change, whoever made it. */
export async function undoChange(version?: number): Promise<void> {
  const done = await api.undo(version);
  if (done.ok) say(`Undone: ${done.value.undone.what}.`);
  else sayFailure(done.error);
}
