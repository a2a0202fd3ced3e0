// The networks that this machine was on, which it is on now, and what each is to the rules.
import { Pencil, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { NetworkView } from '#model/net/network.ts';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import { useKeys } from '../hooks/keys.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { useNow } from '../hooks/useNow.ts';
import { useLive } from '../live/live.ts';
import { undoChange } from '../parts/changes.ts';
import { PageHead } from '../parts/PageHead.tsx';
import { Sheet } from '../parts/Sheet.tsx';
import { say, sayFailure } from '../parts/saying.ts';
import { Trouble } from '../parts/Trouble.tsx';
import { formatAge, formatMoment } from '../parts/words.ts';
import styles from './networks.module.css';
import { Question } from './Question.tsx';
import { signText, whereText } from './words.ts';

export function Page() {
  const changed = useLive((live) => live.told.networkChanged);
  const mayChange = useLive((live) => live.person?.administrator === true);
  const { value, failure, again } = useAsked(() => api.networks(), [changed]);
  const [edited, edit] = useState<NetworkView | undefined>();
  const now = useNow(10_000);
  useKeys(() => false);
  const profiles = [...new Set((value?.networks ?? []).flatMap(({ profile }) => profile ?? []))].sort();
  const asked = value?.networks.find(({ current, question }) => current && question);
  const forget = async ({ id, name, profile }: NetworkView) => {
    const done = await api.forgetNetwork(id);
    if (!done.ok) return sayFailure(done.error);
    // What nobody said anything of is only met again.
    say(`${name} is forgotten.`, profile === null ? undefined : () => void undoChange().then(again));
    void again();
  };
  return (
    <>
      <PageHead title="Networks">
        A network is recognised by the hardware address of its gateway and its wireless name. Rules may ask for its
        profile, and hold at once where the machine comes to another.
      </PageHead>
      <Trouble failure={failure} />
      {value?.problem != null && <p role="alert">Networks are not recognised here: {escapeText(value.problem)}.</p>}
      {value !== undefined && <Now value={value} />}
      {asked !== undefined && mayChange && (
        <section className={styles.card} aria-labelledby="new-network">
          <h2 id="new-network">You are on a new network. What is it?</h2>
          <Question key={asked.id} network={asked} profiles={profiles} done={() => void again()} />
        </section>
      )}
      {value !== undefined && value.networks.length > 0 && (
        <ul className={styles.networks} aria-label="Known networks">
          {value.networks.map((network) => (
            <li key={network.id} className={styles.network}>
              <div className={styles.what}>
                <h2>
                  {escapeText(network.name)}
                  {network.current && <span className={styles.here}>here now</span>}
                </h2>
                <p>
                  Profile <b>{escapeText(network.profile ?? 'unknown')}</b>
                  {network.profile === null && <span className="quiet">: no rule that asks for a profile holds</span>}
                </p>
                <p className="quiet">Recognised by {signText(network.sign)}.</p>
                <p className="quiet">
                  First seen {network.firstSeen === 0 ? 'at an unknown time' : formatMoment(network.firstSeen, now)}
                  {!network.current && network.lastSeen !== 0 && `, last ${formatAge(network.lastSeen, now)} ago`}
                  {network.interface !== null && `, by ${escapeText(network.interface)}`}.
                </p>
                {network.rules.length > 0 && (
                  <p className="quiet">Rules for it alone: {network.rules.map(escapeText).join(', ')}</p>
                )}
              </div>
              <div className={styles.acts}>
                <button type="button" disabled={!mayChange} onClick={() => edit(network)}>
                  <Pencil size={16} aria-hidden />
                  Change<span className="unseen"> {escapeText(network.name)}</span>
                </button>
                <button type="button" className="plain" disabled={!mayChange} onClick={() => void forget(network)}>
                  <Trash2 size={16} aria-hidden />
                  <span className="unseen">Forget {escapeText(network.name)}</span>
                </button>
              </div>
            </li>
          ))}
        </ul>
      )}
      {value?.networks.length === 0 && <p className="quiet">No network was seen yet.</p>}
      {edited !== undefined && (
        <Sheet narrow title={`The network ${escapeText(edited.name)}`} close={() => edit(undefined)}>
          <Question
            network={edited}
            profiles={profiles}
            close={() => edit(undefined)}
            done={() => {
              edit(undefined);
              void again();
            }}
          />
        </Sheet>
      )}
    </>
  );
}

function Now({
  value,
}: {
  readonly value: NonNullable<Awaited<ReturnType<typeof api.networks>> & { ok: true }>['value'];
}) {
  const { where, tunnels, connected } = value;
  return (
    <section aria-label="Where this machine is" className={styles.now}>
      <p>
        {where.network !== undefined && (
          <>
            <b>{escapeText(where.network)}</b>, profile <b>{escapeText(where.profile ?? 'unknown')}</b>.{' '}
          </>
        )}
        {whereText(value)}
        {connected?.ssid != null && ` Wireless network “${escapeText(connected.ssid)}”.`}
      </p>
      <p className="quiet">
        {tunnels.length === 0
          ? 'No tunnel (VPN) is up.'
          : `Tunnels that are up: ${tunnels.map((one) => `${escapeText(one.interface)} (${escapeText(one.kind)})`).join(', ')}. They are no networks: rules ask for their interface.`}
      </p>
    </section>
  );
}
