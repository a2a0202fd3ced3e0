// The lines of a query, a page at a time behind each other.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { LogLine } from '#model/api.ts';
import { api, type LogSearch } from '../api/calls.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { sayFailure } from '../parts/saying.ts';
import { appended } from './query/query.ts';

const pageSize = 200;
/** In one page of the browser; who wants more asks more narrowly, or takes them as a file. */
const maxLines = 20_000;

export function useLines(search: LogSearch | undefined) {
  const [older, setOlder] = useState<{ readonly lines: readonly LogLine[]; readonly ended: boolean }>({
    lines: [],
    ended: false,
  });
  const first = useAsked<LogLine[]>(
    async () => (search === undefined ? { ok: true, value: [] } : api.log({ ...search, limit: pageSize })),
    [search],
  );
  const { value } = first;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another first page has other pages behind it
  useEffect(() => setOlder({ lines: [], ended: false }), [value]);
  const lines = useMemo(() => appended(value ?? [], older.lines), [value, older]);
  const ended = older.ended || lines.length >= maxLines || (value !== undefined && value.length < pageSize);

  const asking = useRef(false);
  const more = useCallback(async () => {
    const last = lines.at(-1);
    if (last === undefined || asking.current) return;
    asking.current = true;
    const found = await api.log({ ...search, before: last.sequence, limit: pageSize });
    asking.current = false;
    if (!found.ok) return sayFailure(found.error);
    setOlder((before) => ({
      lines: appended(before.lines, found.value),
      ended: found.value.length < pageSize,
    }));
  }, [lines, search]);
  return { lines, ended, more, asked: value !== undefined, failure: first.failure, again: first.again };
}
