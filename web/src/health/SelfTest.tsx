// Whether blocking works: the last self-test, and a button for another.
import { useState } from 'react';
import type { Status } from '#model/api.ts';
import { api } from '../api/calls.ts';
import { refreshStatus, useLive } from '../live/live.ts';
import { sayFailure } from '../parts/saying.ts';
import { formatMoment } from '../parts/words.ts';
import { FindingRow, Part } from './parts.tsx';

const signs = { held: 'yes', failed: 'no', 'not-enforced': 'partly', overruled: 'partly' } as const;

export function SelfTest({ status: { selfTest }, now }: { readonly status: Status; readonly now: number }) {
  const administrator = useLive((live) => live.person?.administrator === true);
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    const tested = await api.selfTest();
    if (!tested.ok) sayFailure(tested.error);
    await refreshStatus();
    setBusy(false);
  };
  return (
    <Part title="Does it block?">
      <div aria-live="polite">
        {selfTest === null ? (
          <p className="quiet">It was not tried since Postern was started.</p>
        ) : (
          <ul>
            <FindingRow
              finding={{ name: formatMoment(selfTest.time, now), ok: signs[selfTest.result], text: selfTest.text }}
            />
          </ul>
        )}
      </div>
      {administrator && (
        <button type="button" disabled={busy} onClick={() => void run()}>
          {busy ? 'Trying …' : 'Try it now'}
        </button>
      )}
    </Part>
  );
}
