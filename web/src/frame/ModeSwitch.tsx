// The switch of modes: what becomes of what no rule decides.
import { Eye, Lock, MessageCircleQuestionMark, Pause, ShieldCheck, ShieldOff } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import type { Mode } from '#model/mode.ts';
import { useLive } from '../live/live.ts';
import { changeMode } from './changeMode.ts';
import styles from './frame.module.css';

const Lockdown = lazy(() => import('./Lockdown.tsx').then(({ Lockdown }) => ({ default: Lockdown })));

const modeTexts = {
  off: { name: 'Off', icon: ShieldOff, story: 'Nothing is attached: everything passes, and nothing is recorded.' },
  observe: { name: 'Observe', icon: Eye, story: 'Everything passes; what the rules would do is recorded.' },
  allow: { name: 'Allow', icon: ShieldCheck, story: 'Rules hold; what no rule decides passes.' },
  ask: { name: 'Ask', icon: MessageCircleQuestionMark, story: 'Rules hold; what no rule decides is asked.' },
  lockdown: { name: 'Lockdown', icon: Lock, story: 'Rules hold; what no rule decides is refused.' },
} as const;

export function ModeSwitch() {
  const status = useLive((live) => live.status);
  const administrator = useLive((live) => live.person?.administrator === true);
  const [asking, setAsking] = useState(false);
  const mode = status?.mode;
  const paused = status?.pausedUntil != null;
  const usual: readonly Mode[] = ['observe', 'ask', 'lockdown'];
  const shown = mode === undefined || usual.includes(mode) ? usual : [mode, ...usual];
  return (
    <div role="group" aria-label="Mode" className={styles.modes}>
      {shown.map((one) => {
        const { name, icon: Icon, story } = modeTexts[one];
        const pressed = one === mode && !paused;
        return (
          <button
            key={one}
            type="button"
            title={story}
            aria-pressed={pressed}
            disabled={!administrator}
            onClick={() => {
              if (pressed) return;
              if (one === 'lockdown') setAsking(true);
              else
                void changeMode({ mode: one }, `The mode is ${one}: ${story.toLowerCase()}`, paused ? undefined : mode);
            }}
          >
            <Icon size={16} aria-hidden />
            {name}
          </button>
        );
      })}
      <button
        type="button"
        title="Observe for 10 minutes, then go back by itself"
        aria-pressed={paused}
        disabled={!administrator}
        onClick={() =>
          void (paused
            ? changeMode({ confirm: true }, 'The pause is over.')
            : changeMode({ pauseMinutes: 10 }, 'Paused for 10 minutes: everything passes and is recorded.'))
        }
      >
        <Pause size={16} aria-hidden />
        {paused ? (
          'Paused'
        ) : (
          <span>
            Pause<span className={styles.wideOnly}> 10 min</span>
          </span>
        )}
      </button>
      {asking && (
        <Suspense fallback={null}>
          <Lockdown close={() => setAsking(false)} />
        </Suspense>
      )}
    </div>
  );
}
