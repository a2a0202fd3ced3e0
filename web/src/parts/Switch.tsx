// A switch that is on or off, with a word for it.
import { Switch as Base } from '@base-ui/react/switch';
import styles from './parts.module.css';

interface Props {
  readonly label: string;
  readonly on: boolean;
  readonly disabled?: boolean;
  readonly turn: (on: boolean) => void;
}

export function Switch({ label, on, disabled = false, turn }: Props) {
  return (
    <span className={styles.switchPlace}>
      <Base.Root checked={on} disabled={disabled} onCheckedChange={turn} aria-label={label} className={styles.switch}>
        <Base.Thumb className={styles.thumb} />
      </Base.Root>
      <span aria-hidden>{on ? 'on' : 'off'}</span>
    </span>
  );
}
