// Changes the mode, and says what became of it.
import type { ModeRequest } from '#model/api.ts';
import type { Mode } from '#model/mode.ts';
import { api } from '../api/calls.ts';
import { setStatus } from '../live/live.ts';
import { say, sayFailure } from '../parts/saying.ts';

/** `before`: the mode that undoing it goes back to. */
export async function changeMode(request: ModeRequest, done: string, before?: Mode): Promise<void> {
  const changed = await api.setMode(request);
  if (!changed.ok) return sayFailure(changed.error);
  setStatus(changed.value);
  say(done, before === undefined ? undefined : () => void changeMode({ mode: before }, `The mode is ${before} again.`));
}
