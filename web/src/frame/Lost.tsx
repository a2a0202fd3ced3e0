// An address that leads nowhere.
import { Link } from '@tanstack/react-router';
import styles from './frame.module.css';

export function Lost() {
  return (
    <main className={styles.lost}>
      <h1>There is no such page</h1>
      <p>
        <Link to="/">Go to what happens now</Link>
      </p>
    </main>
  );
}
