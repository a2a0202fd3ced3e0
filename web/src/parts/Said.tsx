// Shows what was said last, until it is read: announced to screen readers, gone by itself after a while.
import { X } from 'lucide-react';
import { useEffect, useSyncExternalStore } from 'react';
import { escapeText } from '#std/text.ts';
import styles from './parts.module.css';
import { hush, sayings } from './saying.ts';

const shownMs = 9000;

export function Said() {
  const said = useSyncExternalStore(sayings.subscribe, sayings.current);
  useEffect(() => {
    if (said === undefined || said.bad) return;
    const timer = setTimeout(hush, shownMs);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <div role="status" className={styles.saidPlace}>
      {said !== undefined && (
        <div className={said.bad ? `${styles.said} ${styles.bad}` : styles.said}>
          <span>{escapeText(said.text)}</span>
          {said.undo !== undefined && (
            <button
              type="button"
              onClick={() => {
                hush();
                said.undo?.();
              }}
            >
              Undo
            </button>
          )}
          <button type="button" className="plain" onClick={hush}>
            <X size={16} aria-hidden />
            <span className="unseen">Close</span>
          </button>
        </div>
      )}
    </div>
  );
}
