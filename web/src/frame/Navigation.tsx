// The pages by name: a column on wide screens, a row at the foot of narrow ones.
import { Link } from '@tanstack/react-router';
import {
  Activity,
  BookA,
  Clock,
  Gavel,
  HeartPulse,
  List,
  type LucideIcon,
  MessageCircleQuestionMark,
  Network,
  Settings,
  ShieldX,
} from 'lucide-react';
import { useLive } from '../live/live.ts';
import styles from './frame.module.css';

const pages = [
  { to: '/', name: 'Now', icon: Activity },
  { to: '/ask', name: 'Ask', icon: MessageCircleQuestionMark },
  { to: '/refused', name: 'Refused', icon: ShieldX },
  { to: '/history', name: 'History', icon: Clock },
  { to: '/rules', name: 'Rules', icon: Gavel },
  { to: '/names', name: 'Names', icon: BookA },
  { to: '/networks', name: 'Networks', icon: Network },
  { to: '/lists', name: 'Lists', icon: List },
  { to: '/health', name: 'Health', icon: HeartPulse },
  { to: '/settings', name: 'Settings', icon: Settings },
] as const satisfies readonly { to: string; name: string; icon: LucideIcon }[];

export const titleOf = (path: string): string => pages.find(({ to }) => to === path)?.name ?? 'Not found';

export function Navigation() {
  const open = useLive((live) => live.told.prompts.size);
  const problems = useLive((live) => (live.status?.problems.length ?? 0) + (live.status?.refusal ? 1 : 0));
  const counts: Readonly<Record<string, number>> = { '/ask': open, '/health': problems };
  return (
    <nav aria-label="Pages" className={styles.navigation}>
      <ul>
        {pages.map(({ to, name, icon: Icon }) => {
          const count = counts[to] ?? 0;
          return (
            <li key={to}>
              <Link
                to={to}
                activeOptions={{ exact: true, includeSearch: false }}
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
      </ul>
    </nav>
  );
}
