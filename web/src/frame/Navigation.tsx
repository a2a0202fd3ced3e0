// The pages by name: a column on wide screens; on narrow ones a row at the foot, with the first of them and the others behind a button.
import { Link, useLocation } from '@tanstack/react-router';
import {
  Activity,
  AppWindow,
  BookA,
  Clock,
  Ellipsis,
  Gavel,
  GraduationCap,
  HeartPulse,
  List,
  type LucideIcon,
  MessageCircleQuestionMark,
  Network,
  Settings,
  ShieldX,
} from 'lucide-react';
import { useEffect, useState } from 'react';
import { useLive } from '../live/live.ts';
import styles from './frame.module.css';

const pages = [
  { to: '/', name: 'Now', icon: Activity },
  { to: '/ask', name: 'Ask', icon: MessageCircleQuestionMark },
  { to: '/refused', name: 'Refused', icon: ShieldX },
  { to: '/apps', name: 'Apps', icon: AppWindow },
  { to: '/history', name: 'History', icon: Clock },
  { to: '/rules', name: 'Rules', icon: Gavel },
  { to: '/learn', name: 'Learn', icon: GraduationCap },
  { to: '/names', name: 'Names', icon: BookA },
  { to: '/networks', name: 'Networks', icon: Network },
  { to: '/lists', name: 'Lists', icon: List },
  { to: '/health', name: 'Health', icon: HeartPulse },
  { to: '/settings', name: 'Settings', icon: Settings },
] as const satisfies readonly { to: string; name: string; icon: LucideIcon }[];

/** Of the row at the foot; the rest is behind “More”. */
const inRow = 4;

/** A page of one thing, such as `/apps/curl`, has the title of all of its kind. */
export const titleOf = (path: string): string =>
  pages.find(({ to }) => to === path || (to !== '/' && path.startsWith(`${to}/`)))?.name ?? 'Not found';

export function Navigation() {
  const open = useLive((live) => live.told.prompts.size);
  const problems = useLive((live) => (live.status?.problems.length ?? 0) + (live.status?.refusal ? 1 : 0));
  const counts: Readonly<Record<string, number>> = { '/ask': open, '/health': problems };
  const { pathname } = useLocation();
  const [all, setAll] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page closes it
  useEffect(() => setAll(false), [pathname]);
  const behind = pages.slice(inRow);
  const hidden = behind.reduce((sum, { to }) => sum + (counts[to] ?? 0), 0);
  return (
    <nav aria-label="Pages" className={all ? `${styles.navigation} ${styles.all}` : styles.navigation}>
      <ul>
        {pages.map(({ to, name, icon: Icon }) => {
          const count = counts[to] ?? 0;
          return (
            <li key={to}>
              <Link
                to={to}
                activeOptions={{ exact: to === '/', includeSearch: false }}
                activeProps={{ 'aria-current': 'page' }}
              >
                <Icon size={18} aria-hidden />
                <span>{name}</span>
                {count > 0 && (
                  <span className={styles.badge}>
                    {count}
                    <span className="unseen">{to === '/ask' ? ' open' : ' problems'}</span>
                  </span>
                )}
              </Link>
            </li>
          );
        })}
        <li className={styles.more}>
          <button
            type="button"
            aria-expanded={all}
            className={behind.some(({ to }) => to === pathname) ? styles.holdsPage : undefined}
            onClick={() => setAll(!all)}
          >
            <Ellipsis size={18} aria-hidden />
            <span>{all ? 'Less' : 'More'}</span>
            {!all && hidden > 0 && (
              <span className={styles.badge}>
                {hidden}
                <span className="unseen"> problems</span>
              </span>
            )}
          </button>
        </li>
      </ul>
    </nav>
  );
}
