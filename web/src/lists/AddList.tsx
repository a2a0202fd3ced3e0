// The form for a new list.
import { useState } from 'react';
import { Sheet } from '../parts/Sheet.tsx';
import styles from './lists.module.css';

interface Props {
  readonly close: () => void;
  readonly add: (name: string, source: string) => void;
}

const namePattern = '[a-z0-9][a-z0-9._\\-]{0,63}';

export function AddList({ close, add }: Props) {
  const [name, setName] = useState('');
  const [source, setSource] = useState('');
  return (
    <Sheet title="Add a list" close={close} narrow>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          add(name, source.trim());
          close();
        }}
      >
        <label>
          <span>Name</span>
          <input
            required
            pattern={namePattern}
            title="a letter or digit, then letters, digits, . _ -; all small"
            placeholder="trackers"
            value={name}
            onChange={({ target }) => setName(target.value)}
          />
        </label>
        <label>
          <span>Where from</span>
          <input
            required
            placeholder="https://… or the path of a file or folder"
            value={source}
            onChange={({ target }) => setSource(target.value)}
          />
        </label>
        <p className="quiet">
          Hosts files, lists of names, addresses or domains, and filter lists are read. Reading a large one takes a few
          seconds.
        </p>
        <div className={styles.buttons}>
          <button type="submit" className="main">
            Add this list
          </button>
          <button type="button" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </Sheet>
  );
}
