// The head of a page: its name, a sentence, and what can be done here.
import type { ReactNode } from 'react';
import styles from './parts.module.css';

interface Props {
  readonly title: string;
  readonly children?: ReactNode;
  /** Buttons and fields. */
  readonly tools?: ReactNode;
}

export function PageHead({ title, children, tools }: Props) {
  return (
    <div className={styles.pageHead}>
      <div>
        <h1>{title}</h1>
        {children !== undefined && <p className="quiet">{children}</p>}
      </div>
      {tools !== undefined && <div className={styles.tools}>{tools}</div>}
    </div>
  );
}
