// An answer of the API for a page: asked for when the page opens and again whenever what it rests on changes.
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Asked, Failure } from '../api/client.ts';

interface State<T> {
  readonly value: T | undefined;
  readonly failure: Failure | undefined;
  readonly asking: boolean;
}

/** The value stays while it is asked for anew, so that nothing flickers. */
export function useAsked<T>(ask: () => Promise<Asked<T>>, restsOn: readonly unknown[]) {
  const [state, setState] = useState<State<T>>({ value: undefined, failure: undefined, asking: true });
  const asker = useRef(ask);
  asker.current = ask;
  const turn = useRef(0);
  const again = useCallback(async () => {
    turn.current += 1;
    const mine = turn.current;
    setState((state) => ({ ...state, asking: true }));
    const answer = await asker.current();
    if (mine !== turn.current) return;
    setState((state) =>
      answer.ok
        ? { value: answer.value, failure: undefined, asking: false }
        : { ...state, failure: answer.error, asking: false },
    );
  }, []);
  useEffect(() => {
    void again();
  }, [again, ...restsOn]);
  return { ...state, again };
}
