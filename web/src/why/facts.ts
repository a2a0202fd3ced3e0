// Everything that is known of an attempt and of what became of it, a line each; escaped.

import { scopeTexts, sourceTexts } from '#client/question/words.ts';
import type { LogLine } from '#model/api.ts';
import type { AttemptJson } from '#model/attempt.ts';
import { parseAddress } from '#model/net/address.ts';
import { scopeOf } from '#model/net/scope.ts';
import { formatPlace } from '#model/sentence.ts';
import { escapeText } from '#std/text.ts';
import { formatBytes, reasonTexts } from '../parts/words.ts';

/** `value` undefined: not known, and shown so. */
export interface Fact {
  readonly name: string;
  readonly value: string | undefined;
}

const endpoint = ({ address, port = 0 }: { address: string; port?: number | undefined }) =>
  port === 0 ? address : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

/** Of what is known to be none, nothing is said; of what is not known, that it is not. */
export function attemptFacts({ process, flow, names = [] }: AttemptJson): Fact[] {
  const facts: Fact[] = [];
  const add = (name: string, value: string | number | null | undefined) => {
    if (value !== null && value !== '')
      facts.push({ name, value: value === undefined ? undefined : escapeText(String(value)) });
  };
  const said = (name: string, value: string | number | null | undefined) => {
    if (value !== undefined) add(name, value);
  };
  if (process === undefined) facts.push({ name: 'Program', value: undefined });
  else if (process.kernel === true) add('Program', 'the kernel itself');
  else {
    const { image } = process;
    add(
      'Program',
      process.exe ?? (image && `${image.path} (${image.state}: not the file of this machine at that path)`),
    );
    said('Script', process.script);
    add('Package', process.package && `${process.package} ${process.packageVersion ?? ''}`.trim());
    add('SHA-256', process.sha256);
    add('Arguments', process.args?.join(' ').slice(0, 1000));
    said('Folder', process.cwd);
    add(
      'User and group',
      process.uid === undefined ? undefined : `uid ${process.uid}, gid ${process.gid ?? 'not known'}`,
    );
    add('Process', process.pid);
    add('Started by', process.ancestors?.filter((path) => path !== '').join(' ← '));
    said('Unit', process.unit);
    said('Container', process.container);
    said('Flatpak', process.flatpak);
    said('Snap', process.snap);
    said('AppImage', process.appimage);
    said('Control group', process.cgroup);
    said('Label', process.label);
    if (process.seeded === true) add('Seen', 'only after it began: it may be disguised');
    if (process.forged !== undefined) add('Forged', `it had /proc say something else of its ${process.forged}`);
  }
  const address = parseAddress(flow.remote.address);
  add('Far end', `${endpoint(flow.remote)}/${flow.protocol}${address ? `, ${scopeTexts[scopeOf(address)]}` : ''}`);
  add('Near end', flow.local && endpoint(flow.local));
  add('Direction', flow.direction === 'in' ? 'incoming' : flow.direction === 'forward' ? 'forwarded' : 'outgoing');
  said('Interface', flow.interface);
  add(
    'Names',
    names.length === 0
      ? undefined
      : names
          .map(
            ({ name, from, ech }) =>
              `${name} (by ${sourceTexts[from]}${ech ? ', which has an encrypted one inside' : ''})`,
          )
          .join(', '),
  );
  return facts;
}

/** What became of it. */
export function lineFacts(line: LogLine): Fact[] {
  const { rule, reason, heldMs, end, logged, packets } = line;
  const place = formatPlace(line);
  return [
    {
      name: 'Decided',
      value: reason === 'rule' && rule !== null ? `by the rule “${escapeText(rule)}”` : reasonTexts[reason],
    },
    ...(heldMs > 0
      ? [{ name: 'Held', value: heldMs < 1000 ? `${Math.round(heldMs)} ms` : `${(heldMs / 1000).toFixed(1)} s` }]
      : []),
    { name: 'Country and network', value: place === '' ? undefined : place },
    {
      name: 'Traffic',
      value:
        end === undefined
          ? `${packets === 1 ? '1 packet' : `${packets} packets`} judged; it goes on, or nothing counts it`
          : `${formatBytes(end.bytesOut)} sent, ${formatBytes(end.bytesIn)} received`,
    },
    ...(logged.length > 0 ? [{ name: 'Recorded by', value: logged.map(escapeText).join(', ') }] : []),
    ...(line.encryptedDns === true
      ? [{ name: 'Encrypted DNS', value: 'it asks a resolver in a way that does not show what is asked' }]
      : []),
  ];
}
