// Whether the screen is narrow, as of a phone.
import { useSyncExternalStore } from 'react';

const query = window.matchMedia('(max-width: 820px)');

function subscribe(listener: () => void): () => void {
  query.addEventListener('change', listener);
  return () => query.removeEventListener('change', listener);
}

export const useNarrow = (): boolean => useSyncExternalStore(subscribe, () => query.matches);
