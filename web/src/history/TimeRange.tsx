// Which time is shown: one of the usual ones, or from one moment to another.
import type { SearchText } from '../hooks/search.ts';
import { rangeChoices } from './query/query.ts';

interface Props {
  readonly view: SearchText;
  readonly change: (parts: SearchText) => void;
}

interface MomentProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly set: (text: string) => void;
}

function Moment({ label, value, set }: MomentProps) {
  return (
    <label>
      <span>{label}</span>
      <input type="datetime-local" value={value ?? ''} onChange={({ target }) => set(target.value)} />
    </label>
  );
}

export function TimeRange({ view, change }: Props) {
  const { range, from, to } = view;
  return (
    <>
      <label>
        <span>When</span>
        <select
          value={range ?? ''}
          onChange={({ target }) => change({ range: target.value, from: undefined, to: undefined })}
        >
          {rangeChoices.map(([of, text]) => (
            <option key={of} value={of}>
              {text}
            </option>
          ))}
        </select>
      </label>
      {range === 'own' && (
        <>
          <Moment label="From" value={from} set={(text) => change({ from: text })} />
          <Moment label="To" value={to} set={(text) => change({ to: text })} />
        </>
      )}
    </>
  );
}

/** What it is compared with; only groups are compared. */
export function EarlierTime({ view, change }: Props) {
  const bounded = view.range !== undefined && view.range !== '';
  return (
    <>
      <label>
        <span>Compared with</span>
        <select
          value={view.than ?? ''}
          onChange={({ target }) => change({ than: target.value, thanFrom: undefined, thanTo: undefined })}
        >
          <option value="">nothing</option>
          <option value="before" disabled={!bounded}>
            the time before
          </option>
          <option value="own">from … to …</option>
        </select>
      </label>
      {view.than === 'own' && (
        <>
          <Moment label="Compared from" value={view.thanFrom} set={(text) => change({ thanFrom: text })} />
          <Moment label="Compared to" value={view.thanTo} set={(text) => change({ thanTo: text })} />
        </>
      )}
    </>
  );
}
