// Why something could not be had, as a sentence, with what to do.
import { escapeText } from '#std/text.ts';
import type { Failure } from '../api/client.ts';
import styles from './parts.module.css';

export function Trouble({ failure }: { readonly failure: Failure | undefined }) {
  if (failure === undefined) return null;
  return (
    <p role="alert" className={styles.trouble}>
      {escapeText(failure.message)}{' '}
      {failure.hint !== undefined && <span className="quiet">{escapeText(failure.hint)}</span>}
    </p>
  );
}
