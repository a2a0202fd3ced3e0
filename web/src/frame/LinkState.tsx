// Whether what is shown is live, and who looks at it.
import { LogOut, Unplug, Zap } from 'lucide-react';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import { tellSignedOut } from '../api/client.ts';
import { useLive } from '../live/live.ts';
import styles from './frame.module.css';

const texts = {
  starting: ['Connecting', 'The first answer is on its way.'],
  live: ['Live', 'What happens is shown as it happens.'],
  away: ['Away', 'Postern does not answer. It is tried again by itself, and nothing that happens meanwhile is lost.'],
  'signed-out': ['Signed out', ''],
} as const;

export function LinkState() {
  const link = useLive((live) => live.link);
  const person = useLive((live) => live.person);
  const gate = useLive((live) => live.status === undefined || live.status.gate !== null);
  const [word, story] =
    link === 'live' && !gate
      ? (['No gate', 'The gate is away; the rules in the kernel hold, and it is being started again.'] as const)
      : texts[link];
  const good = link === 'live' && gate;
  return (
    <div className={styles.linkState}>
      <span role="status" title={story} className={good ? styles.good : styles.bad}>
        {good ? <Zap size={15} aria-hidden /> : <Unplug size={15} aria-hidden />}
        {word}
        <span className="unseen">. {story}</span>
      </span>
      {person !== undefined && (
        <button
          type="button"
          className="plain"
          title={`Sign ${escapeText(person.user)} out`}
          onClick={() => void api.signOut().then(tellSignedOut)}
        >
          <span className={styles.person}>{escapeText(person.user)}</span>
          <LogOut size={15} aria-hidden />
          <span className="unseen">: sign out</span>
        </button>
      )}
    </div>
  );
}
