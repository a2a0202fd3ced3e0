// What stands around every page: navigation, the link to Postern, the mode, what was said last, and why something happened.
import { Outlet, useLocation, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useEffect } from 'react';
import { start, useLive } from '../live/live.ts';
import { NewNetwork } from '../networks/NewNetwork.tsx';
import { Said } from '../parts/Said.tsx';
import styles from './frame.module.css';
import { LinkState } from './LinkState.tsx';
import { ModeSwitch } from './ModeSwitch.tsx';
import { Navigation, titleOf } from './Navigation.tsx';
import { Standing } from './Standing.tsx';

const Why = lazy(() => import('../why/Why.tsx').then(({ Why }) => ({ default: Why })));

export function Frame() {
  useEffect(start, []);
  const link = useLive((live) => live.link);
  const open = useLive((live) => live.told.prompts.size);
  const { pathname } = useLocation();
  const { why } = useSearch({ strict: false }) as { why?: string };
  useEffect(() => {
    document.title = `${open > 0 ? `(${open}) ` : ''}${titleOf(pathname)} · Postern`;
  }, [open, pathname]);
  const signedOut = link === 'signed-out';
  useEffect(() => {
    // The login is the server's own page, which knows whether it takes links or passwords, and comes back here.
    if (signedOut) location.replace(`/login?to=${encodeURIComponent(location.pathname + location.search)}`);
  }, [signedOut]);
  if (signedOut) return null;
  return (
    <div className={styles.frame}>
      <a className={styles.skip} href="#main">
        Skip to the page
      </a>
      <header className={styles.head}>
        <div className={styles.brand}>
          <img src="/postern.svg" alt="" width="22" height="22" />
          <span>Postern</span>
        </div>
        <ModeSwitch />
        <LinkState />
      </header>
      <Navigation />
      <div className={styles.body}>
        <Standing />
        <NewNetwork />
        <main id="main" tabIndex={-1} className={styles.main}>
          <Suspense fallback={<p className="quiet">Loading …</p>}>
            <Outlet />
          </Suspense>
        </main>
      </div>
      <p className="unseen" role="status">
        {open === 0 ? '' : open === 1 ? 'One question is open.' : `${open} questions are open.`}
      </p>
      <Said />
      {why !== undefined && (
        <Suspense fallback={null}>
          <Why of={why} />
        </Suspense>
      )}
    </div>
  );
}
