// The door of the pages to other machines, as the flags of `postern up` say it.
import { resolve } from 'node:path';
import { formatAddress, parseAddress } from '#model/net/address.ts';
import { Ending, exits, type RemoteDoor } from '../context.ts';

export interface RemoteFlags {
  readonly at: string | undefined;
  readonly names: readonly string[];
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** A host name as a browser sends it: RFC 1123 section 2.1, in lower case, IDN as punycode. */
const hostName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

const wrong = (message: string, hint?: string) => new Ending(exits.usage, message, hint);

export function remoteDoor({ at, names, cert, key }: RemoteFlags): RemoteDoor | null {
  if (at === undefined || at === 'off') {
    if (names.length === 0 && cert === undefined && key === undefined) return null;
    throw wrong('--pages-name, --tls-cert and --tls-key belong to --pages-remote ADDR:PORT');
  }
  const [, bracketed, plain = '', digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(at) ?? [];
  const address = parseAddress(bracketed ?? plain);
  const port = Number(digits);
  if (address === undefined || !(port <= 65_535)) {
    throw wrong(
      '--pages-remote: must be ADDR:PORT, such as 192.0.2.1:7443, [2001:db8::1]:7443 or 0.0.0.0:7443',
      'names come with --pages-name',
    );
  }
  const small = names.map((name) => name.toLowerCase());
  const bad = small.find((name) => !hostName.test(name) || parseAddress(name) !== undefined);
  if (bad !== undefined)
    throw wrong(`--pages-name: "${bad}" is no host name`, 'write it without a port; addresses need no mention');
  if ((cert === undefined) !== (key === undefined)) throw wrong('--tls-cert and --tls-key belong together');
  const door = { address: formatAddress(address), port, names: [...new Set(small)] };
  if (cert === undefined || key === undefined) return { door };
  return { door, certificate: { cert: resolve(cert), key: resolve(key) } };
}
