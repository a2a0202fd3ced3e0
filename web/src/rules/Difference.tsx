// What is different between two versions of the rules, line by line: said by a sign and a word too, and not by colour alone.
import type { VersionDifference } from '#model/shown/difference.ts';
import { escapeText } from '#std/text.ts';
import styles from './difference.module.css';

const kinds = {
  same: { sign: ' ', word: '' },
  removed: { sign: '−', word: 'removed: ' },
  added: { sign: '+', word: 'added: ' },
} as const;

export function Difference({ files }: Pick<VersionDifference, 'files'>) {
  if (files.length === 0) return <p className="quiet">There is no difference.</p>;
  return (
    <>
      {files.map(({ file, added, removed, hunks }) => (
        <figure key={file} className={styles.file}>
          <figcaption>
            <b>{escapeText(file)}</b>{' '}
            <span className="quiet">
              {added} added, {removed} removed
            </span>
          </figcaption>
          {hunks.map((lines) => (
            <div
              key={`${lines[0]?.before} ${lines[0]?.after}`}
              className={styles.hunk}
              // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by the keyboard
              tabIndex={0}
              role="group"
              aria-label="Changed lines"
            >
              {lines.map(({ kind, before, after, text }) => (
                <div key={`${kind} ${before} ${after}`} className={`${styles.line} ${styles[kind]}`}>
                  <span className={styles.number} aria-hidden>
                    {before}
                  </span>
                  <span className={styles.number} aria-hidden>
                    {after}
                  </span>
                  <span aria-hidden>{kinds[kind].sign}</span>
                  <code>
                    {kind !== 'same' && <span className="unseen">{kinds[kind].word}</span>}
                    {escapeText(text)}
                  </code>
                </div>
              ))}
            </div>
          ))}
        </figure>
      ))}
    </>
  );
}
