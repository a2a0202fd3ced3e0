// One app: what it is, its days, whom it spoke to and since when, what of its file changed, which rules can decide about it.
import { Link, useParams } from '@tanstack/react-router';
import type { AppDetails } from '#model/shown/appdetails.ts';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { useNow } from '../hooks/useNow.ts';
import { useLive } from '../live/live.ts';
import { ActionMark } from '../parts/ActionMark.tsx';
import { PageHead } from '../parts/PageHead.tsx';
import { Trouble } from '../parts/Trouble.tsx';
import { formatCount, formatMoment } from '../parts/words.ts';
import styles from './apps.module.css';
import { Days } from './Days.tsx';
import { Files } from './Files.tsx';
import { Names } from './Names.tsx';

export function Page() {
  const { app } = useParams({ strict: false }) as { app: string };
  const changed = useLive((live) => live.told.rulesChanged);
  const now = useNow(60_000);
  const { value, failure, again } = useAsked(() => api.app(app), [app, changed]);
  return (
    <>
      <PageHead
        title={escapeText(app)}
        tools={
          <>
            <Link to="/history" search={{ app } as never} className="button">
              Its connections
            </Link>
            <button type="button" onClick={() => void again()}>
              Ask again
            </button>
          </>
        }
      >
        <Link to="/apps">All apps</Link>
        {value !== undefined &&
          ` · seen since ${formatMoment(value.first, now)}, last ${formatMoment(value.last, now)} · ${formatCount(value.connections)} connections, ${formatCount(value.refused)} refused`}
      </PageHead>
      <Trouble failure={failure} />
      {value === undefined && failure === undefined && <p className="quiet">Asking …</p>}
      {value !== undefined && (
        <div className={styles.parts}>
          <Identity app={value} now={now} />
          <Days days={value.days} />
          <Rules rules={value.rules} />
          <Listening app={value} />
          <Files files={value.files} now={now} />
          <Names app={value} now={now} />
        </div>
      )}
    </>
  );
}

const unknown = (why: string | null) => (
  <span className="quiet">not known{why === null ? '' : `: ${escapeText(why)}`}</span>
);

function Identity({ app, now }: { readonly app: AppDetails; readonly now: number }) {
  const [newest] = app.files;
  if (newest === undefined) {
    return (
      <section className={styles.part} aria-labelledby="identity">
        <h2 id="identity">What it is</h2>
        <p>{unknown('no file that it ran was ever seen')}</p>
      </section>
    );
  }
  const { process } = newest;
  const users = [...new Set(app.files.map(({ user }) => user))];
  const place = (value: string | null | undefined) =>
    typeof value === 'string' ? escapeText(value) : value === null ? 'none' : unknown(null);
  const facts: readonly (readonly [string, React.ReactNode])[] = [
    [newest.interpreter === null ? 'Path' : 'Script', escapeText(newest.path)],
    ...(newest.interpreter === null ? [] : [['Run by', escapeText(newest.interpreter)] as const]),
    [
      'Package',
      newest.package === null
        ? unknown(newest.unknown)
        : escapeText(`${newest.package} ${newest.packageVersion ?? ''}`),
    ],
    ['SHA-256', newest.sha256 === null ? unknown(newest.unknown) : <code key="hash">{newest.sha256}</code>],
    ['First seen', formatMoment(app.first, now)],
    ['Users', users.map((user) => (user === null ? 'not known' : escapeText(user))).join(', ')],
    ['Unit', place(process.unit)],
    ['Container', place(process.container)],
    ...(typeof process.flatpak === 'string' ? [['Flatpak', escapeText(process.flatpak)] as const] : []),
    ...(typeof process.snap === 'string' ? [['Snap', escapeText(process.snap)] as const] : []),
    ['Started by', process.ancestors?.map((one) => escapeText(one) || '?').join(' ← ') || unknown(null)],
  ];
  return (
    <section className={styles.part} aria-labelledby="identity">
      <h2 id="identity">What it is</h2>
      <dl className={styles.facts}>
        {facts.map(([word, value]) => (
          <div key={word}>
            <dt>{word}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Rules({ rules }: Pick<AppDetails, 'rules'>) {
  const row = ({ name, action, text, sure }: AppDetails['rules'][number]) => (
    <li key={name}>
      <ActionMark action={action} plain />{' '}
      <Link to="/rules" search={{ rule: name } as never}>
        {escapeText(name)}
      </Link>{' '}
      <span className="quiet">
        {escapeText(text)}
        {!sure && ' — perhaps: it rests on what is not known, or differs from run to run'}
      </span>
    </li>
  );
  const [named, any] = [rules.filter((one) => one.named), rules.filter((one) => !one.named)];
  return (
    <section className={styles.part} aria-labelledby="rules">
      <h2 id="rules">Rules that touch it</h2>
      {named.length === 0 && <p className="quiet">No rule asks for it by what it is.</p>}
      <ol className={styles.list}>{named.map(row)}</ol>
      {any.length > 0 && (
        <details>
          <summary>And {any.length} for any program</summary>
          <ol className={styles.list}>{any.map(row)}</ol>
        </details>
      )}
    </section>
  );
}

function Listening({ app: { listeners, listenersUnknown } }: { readonly app: AppDetails }) {
  return (
    <section className={styles.part} aria-labelledby="listening">
      <h2 id="listening">Listens now</h2>
      {listeners === null && <p>{unknown(listenersUnknown)}</p>}
      {listeners?.length === 0 && <p className="quiet">On nothing.</p>}
      <ul className={styles.list}>
        {listeners?.map(({ protocol, address, port }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two sockets may have the same name
          <li key={`${protocol} ${address} ${port} ${at}`}>
            {address.includes(':') ? `[${address}]` : address}:{port}/{protocol}
          </li>
        ))}
      </ul>
      {listeners !== null && listenersUnknown !== null && <p className="quiet">{escapeText(listenersUnknown)}</p>}
    </section>
  );
}
