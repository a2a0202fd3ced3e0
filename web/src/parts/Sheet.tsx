// A dialog over the page: from the side for reading, in the middle for a decision.
import { Dialog } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import styles from './parts.module.css';

interface Props {
  readonly title: string;
  readonly close: () => void;
  /** In the middle, for a decision. */
  readonly narrow?: boolean;
  readonly children: ReactNode;
}

export function Sheet({ title, close, narrow = false, children }: Props) {
  return (
    <Dialog.Root open onOpenChange={(open) => !open && close()}>
      <Dialog.Portal>
        <Dialog.Backdrop className={styles.backdrop} />
        <Dialog.Popup className={narrow ? `${styles.sheet} ${styles.middle}` : styles.sheet}>
          <div className={styles.sheetHead}>
            <Dialog.Title>{title}</Dialog.Title>
            <Dialog.Close className="plain">
              <X size={18} aria-hidden />
              <span className="unseen">Close</span>
            </Dialog.Close>
          </div>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by the keyboard */}
          <div className={styles.sheetBody} tabIndex={0}>
            {children}
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
