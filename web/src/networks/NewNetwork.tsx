// A new network, mentioned above every page until somebody says what it is, or puts it off. Never in the way.
import { Link, useLocation } from '@tanstack/react-router';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { useLive } from '../live/live.ts';
import styles from './networks.module.css';

export function NewNetwork() {
  const changed = useLive((live) => live.told.networkChanged);
  const link = useLive((live) => live.link);
  const { pathname } = useLocation();
  const { value } = useAsked(() => api.networks(), [changed, link]);
  const asked = value?.networks.find(({ current, question }) => current && question);
  // Where it can be answered it stands in full.
  if (asked === undefined || pathname === '/networks') return null;
  return (
    <section aria-label="New network" className={styles.mention}>
      <p>
        You are on a new network, <b>{escapeText(asked.name)}</b>. Until it is said what it is, its profile is unknown.
      </p>
      <Link to="/networks">Say what it is</Link>
    </section>
  );
}
