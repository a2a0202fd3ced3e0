// What stands behind the question mark of an address: read it, and change parts of it.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';

export type SearchText = Readonly<Record<string, string | undefined>>;

/** `change` leaves the rest as it is; undefined takes a part away. */
export function useView(): { view: SearchText; change: (parts: SearchText, replace?: boolean) => void } {
  const view = useSearch({ strict: false }) as SearchText;
  const navigate = useNavigate();
  const change = useCallback(
    (parts: SearchText, replace = true) =>
      void navigate({
        to: '.',
        search: (before: object) => ({ ...before, ...parts }),
        replace,
        resetScroll: false,
      } as never),
    [navigate],
  );
  return { view, change };
}
