// One at a time, and none that nobody needs: who asks while one runs shares the next one with all others who ask meanwhile.

/** What each caller gets was begun after the call, so that it has seen whatever the caller knew of. */
export function coalesce<T>(run: () => Promise<T>): () => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  let waiting: Promise<T> | undefined;
  const begin = () => {
    waiting = undefined;
    return run();
  };
  return () => {
    if (waiting === undefined) {
      waiting = last.then(begin, begin);
      last = waiting;
    }
    return waiting;
  };
}
