// Asked before lockdown: what it would have refused, and that it goes back by itself.
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { Sheet } from '../parts/Sheet.tsx';
import { Trouble } from '../parts/Trouble.tsx';
import { changeMode } from './changeMode.ts';
import styles from './frame.module.css';

export const lockdownSeconds = 60;

export function Lockdown({ close }: { readonly close: () => void }) {
  const preview = useAsked(api.previewLockdown, []);
  const { value } = preview;
  return (
    <Sheet title="Lock down?" close={close} narrow>
      <p>
        What no rule allows is refused from now on. After {lockdownSeconds} seconds it goes back by itself, unless you
        say that it stays.
      </p>
      <Trouble failure={preview.failure} />
      {value === undefined && preview.failure === undefined && <p className="quiet">Looking at the last 7 days …</p>}
      {value !== undefined && (
        <>
          <p className={styles.previewTotal}>
            {value.total === 0
              ? 'Of what was allowed in the last 7 days, all would still be allowed.'
              : `Of what was allowed in the last 7 days, it would refuse ${value.total} connections:`}
          </p>
          {value.ssh > 0 && (
            <p className={styles.warning}>
              {value.ssh} of these came in by SSH: if you sit in such a session, you would be cut off.
            </p>
          )}
          {value.groups.length > 0 && (
            <ul className={styles.preview}>
              {value.groups.slice(0, 12).map(({ app, destination, direction, times }) => (
                <li key={`${app} ${destination} ${direction}`}>
                  <span>
                    {escapeText(app)} {direction === 'in' ? '←' : '→'} {escapeText(destination)}
                  </span>
                  <span className="quiet">{times}×</span>
                </li>
              ))}
              {value.groups.length > 12 && <li className="quiet">and {value.groups.length - 12} more</li>}
            </ul>
          )}
        </>
      )}
      <div className={styles.choices}>
        <button
          type="button"
          className="main"
          onClick={() => {
            close();
            void changeMode(
              { mode: 'lockdown', revertSeconds: lockdownSeconds },
              `Locked down for ${lockdownSeconds} seconds.`,
            );
          }}
        >
          Lock down for {lockdownSeconds} seconds
        </button>
        <button type="button" onClick={close}>
          Leave it as it is
        </button>
      </div>
    </Sheet>
  );
}
