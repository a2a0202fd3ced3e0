// Keys that move among the rows of a page, and act on the one that has the focus.
import { useEffect } from 'react';

/** What stands for a row: `[data-row]`, with an id that stays. */
const rows = () => [...document.querySelectorAll<HTMLElement>('[data-row]')];

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !['radio', 'checkbox', 'button'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

function move(by: 1 | -1): void {
  const all = rows();
  const at = all.findIndex((row) => row.contains(document.activeElement));
  const next = all[at === -1 ? (by === 1 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))];
  const target = next?.matches('[tabindex], button, a') ? next : next?.querySelector<HTMLElement>('button, a, input');
  target?.focus();
}

export function focusSearch(): void {
  document.querySelector<HTMLElement>('[data-search]')?.focus();
}

/** `act` is told each key that no field takes; true: it was for it. */
export function useKeys(act: (key: string, row: string | undefined) => boolean): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (document.querySelector('[role="dialog"]') !== null) return;
      if (isWriting(event.target)) {
        const { target } = event;
        if (event.key === 'Escape') (target as HTMLElement).blur();
        // From the search to what it found.
        if (event.key !== 'Enter' || !(target instanceof HTMLInputElement) || target.form !== null) return;
        target.blur();
        move(1);
        event.preventDefault();
        return;
      }
      const row = (document.activeElement?.closest('[data-row]') as HTMLElement | null)?.dataset.row;
      if (event.key === 'j') move(1);
      else if (event.key === 'k') move(-1);
      else if (event.key === '/') focusSearch();
      else if (!act(event.key, row)) return;
      event.preventDefault();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, [act]);
}
