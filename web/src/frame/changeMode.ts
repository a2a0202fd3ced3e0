// Changes the mode, and says what became of it.
import type { ModeRequest } from '#model/api.ts';
import { api } from '../api/calls.ts';
import { setStatus } from '../live/live.ts';
import { say, sayFailure } from '../parts/saying.ts';

export async function changeMode(request: ModeRequest, done: string): Promise<void> {
  const changed = await api.setMode(request);
  if (!changed.ok) return sayFailure(changed.error);
  setStatus(changed.value);
  say(done);
}
