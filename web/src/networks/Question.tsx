// The question what a new network is: a few words to choose from, or own ones, and a name.
import { useId, useState } from 'react';
import { type NetworkView, usualProfiles } from '#model/net/network.ts';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import { undoChange } from '../parts/changes.ts';
import { say, sayFailure } from '../parts/saying.ts';
import styles from './networks.module.css';
import { signText } from './words.ts';

interface Props {
  readonly network: NetworkView;
  /** Words that were given to other networks. */
  readonly profiles: readonly string[];
  readonly done: () => void;
  /** Leaves it as it is; without, the question is put off. */
  readonly close?: () => void;
}

const texts: Readonly<Record<string, string>> = {
  home: 'Mine, or of people I trust',
  work: 'Of my work',
  public: 'Anybody’s: a café, a train, a hotel',
};

export function Question({ network, profiles, done, close }: Props) {
  const id = useId();
  const [name, setName] = useState(network.name);
  const [profile, setProfile] = useState(network.profile ?? '');
  const others = profiles.filter((one) => !(usualProfiles as readonly string[]).includes(one));
  const offered = [...usualProfiles, ...others];
  const own = profile !== '' && !offered.includes(profile);
  const savable = name.trim() !== '' && (close !== undefined || profile.trim() !== '');
  const save = async () => {
    const change = { ...(name.trim() !== network.name && { name: name.trim() }), profile: profile.trim() || null };
    const answer = await api.changeNetwork(network.id, change);
    if (!answer.ok) return sayFailure(answer.error);
    say(
      `${answer.value.name} has the profile ${answer.value.profile ?? 'unknown'}.`,
      () => void undoChange().then(done),
    );
    done();
  };
  const later = async () => {
    const answer = await api.changeNetwork(network.id, { later: true });
    if (!answer.ok) return sayFailure(answer.error);
    say(`${network.name} stays unknown, and is not asked about again.`);
    done();
  };
  return (
    <form
      className={styles.question}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <p>
        {close === undefined ? 'Recognised by' : 'It is recognised by'} {signText(network.sign)}.
      </p>
      <label>
        <span>Name</span>
        <input required maxLength={64} value={name} onChange={({ target }) => setName(target.value)} />
      </label>
      <fieldset>
        <legend>What is it?</legend>
        <div className={styles.profiles}>
          {offered.map((one) => (
            <label key={one} className={profile === one ? `${styles.profile} ${styles.chosen}` : styles.profile}>
              <input type="radio" name={`${id}profile`} checked={profile === one} onChange={() => setProfile(one)} />
              <span>
                <b>{escapeText(one)}</b>
                {texts[one] !== undefined && <span className="quiet">{texts[one]}</span>}
              </span>
            </label>
          ))}
        </div>
        <label>
          <span>Or a word of your own</span>
          <input
            maxLength={64}
            placeholder="school, lab, parents …"
            value={own ? profile : ''}
            onChange={({ target }) => setProfile(target.value)}
          />
        </label>
      </fieldset>
      <div className={styles.buttons}>
        <button type="submit" className={savable ? 'main' : undefined} disabled={!savable}>
          Save
        </button>
        {close === undefined ? (
          <button type="button" onClick={() => void later()}>
            Not now, and do not ask again
          </button>
        ) : (
          <button type="button" onClick={close}>
            Cancel
          </button>
        )}
      </div>
    </form>
  );
}
