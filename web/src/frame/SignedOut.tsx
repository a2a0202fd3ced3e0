// What stands in place of every page while nobody is signed in.
import styles from './frame.module.css';

export function SignedOut({ because }: { readonly because?: string | undefined }) {
  return (
    <main className={styles.signedOut}>
      <img src="/postern.svg" alt="" width="40" height="40" />
      <h1>You are signed out</h1>
      {because !== undefined && <p>{because}</p>}
      <p>
        Run <code>postern ui</code> in a terminal and open the link that it prints.
      </p>
      <p className="quiet">Postern goes on meanwhile: rules hold, and what is recorded will be shown.</p>
      <p>
        <a href="/">Try again</a>
      </p>
    </main>
  );
}
