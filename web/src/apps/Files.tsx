// The changes of the file: each version of it that ran, with its hash, its package and its dates.
import type { AppDetails } from '#model/shown/appdetails.ts';
import { escapeText } from '#std/text.ts';
import { formatCount, formatMoment } from '../parts/words.ts';
import styles from './apps.module.css';

export function Files({ files, now }: Pick<AppDetails, 'files'> & { readonly now: number }) {
  return (
    <section className={`${styles.part} ${styles.wide}`} aria-labelledby="files">
      <h2 id="files">Changes of the file</h2>
      {files.length === 0 && <p className="quiet">No file that it ran was ever seen.</p>}
      {files.length > 0 && (
        <div
          className={styles.frame}
          role="group"
          aria-label="Table of files"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by the keyboard
          tabIndex={0}
        >
          <table className={styles.table}>
            <caption className="unseen">Versions of the file, the last first</caption>
            <thead>
              <tr>
                <th scope="col">File</th>
                <th scope="col">SHA-256</th>
                <th scope="col">Package</th>
                <th scope="col">User</th>
                <th scope="col">First</th>
                <th scope="col">Last</th>
                <th scope="col" className="number">
                  Connections
                </th>
              </tr>
            </thead>
            <tbody>
              {files.map((file) => (
                <tr key={`${file.path} ${file.first} ${file.user} ${file.sha256}`}>
                  <th scope="row">
                    {escapeText(file.path)}
                    {file.interpreter !== null && (
                      <span className={styles.under}>run by {escapeText(file.interpreter)}</span>
                    )}
                  </th>
                  <td title={file.sha256 ?? undefined}>
                    {file.sha256 === null ? (
                      <span className="quiet">not known</span>
                    ) : (
                      <code>{file.sha256.slice(0, 12)}…</code>
                    )}
                    {file.unknown !== null && <span className={styles.under}>{escapeText(file.unknown)}</span>}
                  </td>
                  <td>
                    {file.package === null ? (
                      <span className="quiet">not known</span>
                    ) : (
                      escapeText(`${file.package} ${file.packageVersion ?? ''}`)
                    )}
                  </td>
                  <td>{file.user === null ? <span className="quiet">not known</span> : escapeText(file.user)}</td>
                  <td>{formatMoment(file.first, now)}</td>
                  <td>{formatMoment(file.last, now)}</td>
                  <td className="number">{formatCount(file.connections)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
