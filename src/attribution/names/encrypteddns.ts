// Encrypted DNS: what a program asks of a resolver over TLS, HTTPS or QUIC is not seen, so it is at least seen that it does.
import type { Connection } from '#model/connection.ts';
import { type Address, parseAddress } from '#model/net/address.ts';
import type { Process } from '#model/process.ts';
import type { EncryptedDnsApp, EncryptedDnsWay } from '#model/status.ts';
import { Lru } from '#std/lru.ts';
import { appKey, appOf } from '../app.ts';
import { isSaid } from './said.ts';

/** Public resolvers that take questions over HTTPS. */
export interface Resolvers {
  hasName(name: string): boolean;
  hasAddress(address: Address): boolean;
}

export interface EncryptedQuestion {
  readonly by: EncryptedDnsWay;
  /** The resolver: its name where one is known, else its address. */
  readonly to: string;
}

/** RFC 7858 (TCP) and RFC 9250 (UDP). */
const dnsPort = 853;
/** RFC 8484; there everything else is too, so that only a known resolver tells it. */
const httpsPort = 443;

/** Undefined for a connection that is none, came in, or was refused. */
export function encryptedQuestion(connection: Connection, resolvers: Resolvers): EncryptedQuestion | undefined {
  const { action, enforced, attempt } = connection;
  const { protocol, remote, direction = 'out' } = attempt.flow;
  if (direction === 'in' || (enforced && action !== 'allow')) return undefined;
  if (protocol !== 'tcp' && protocol !== 'udp') return undefined;
  // What the connection says itself overrules what else its address is called.
  const names = attempt.names ?? [];
  const said = names.filter(isSaid);
  const counting = said.length > 0 ? said : names;
  if (remote.port === dnsPort)
    return { by: protocol === 'tcp' ? 'tls' : 'quic', to: counting[0]?.name ?? remote.address };
  if (remote.port !== httpsPort) return undefined;
  const known = counting.find(({ name }) => resolvers.hasName(name));
  if (known !== undefined) return { by: 'https', to: known.name };
  const address = parseAddress(remote.address);
  return address !== undefined && resolvers.hasAddress(address) ? { by: 'https', to: remote.address } : undefined;
}

/** Apps, resolvers of one, and connections whose later records are known again. */
export const encryptedDnsLimits = { apps: 64, resolvers: 8, connections: 4096 } as const;

interface Asking {
  readonly app: string;
  readonly uid: number | null;
  readonly by: Set<EncryptedDnsWay>;
  readonly to: Set<string>;
  connections: number;
  last: number;
}

/** Who asks by encrypted DNS; of more apps than are kept, those that did so last. */
export class EncryptedDnsLog {
  /** By app and user, the latest at the end. */
  readonly #asking = new Map<string, Asking>();
  readonly #counted = new Lru<string, true>(encryptedDnsLimits.connections);
  #connections = 0;

  add(connection: Connection, { by, to }: EncryptedQuestion): void {
    const process = connection.attempt.process as Process | undefined;
    const uid = process?.uid ?? null;
    const key = `${uid} ${appKey(process)}`;
    const asking = this.#asking.get(key) ?? {
      ...{ app: appOf(process).title, uid, by: new Set(), to: new Set() },
      ...{ connections: 0, last: 0 },
    };
    // The end of a connection, or a name it got later, is no other connection.
    if (this.#counted.get(connection.id) === undefined) {
      this.#connections += 1;
      asking.connections += 1;
    }
    this.#counted.set(connection.id, true);
    asking.last = Math.max(asking.last, connection.lastTime);
    asking.by.add(by);
    asking.to.delete(to);
    asking.to.add(to);
    dropOldest(asking.to, encryptedDnsLimits.resolvers);
    this.#asking.delete(key);
    this.#asking.set(key, asking);
    dropOldest(this.#asking, encryptedDnsLimits.apps);
  }

  /** The latest first; `uid`: only that user's, as far as they are kept. */
  list(userName: (uid: number) => string, uid?: number): { connections: number; apps: EncryptedDnsApp[] } {
    const apps = [...this.#asking.values()]
      .reverse()
      .filter((asking) => uid === undefined || asking.uid === uid)
      .map((asking) => ({
        app: asking.app,
        user: asking.uid === null ? null : userName(asking.uid),
        by: [...asking.by],
        to: [...asking.to].reverse(),
        connections: asking.connections,
        last: asking.last,
      }));
    const connections = uid === undefined ? this.#connections : apps.reduce((sum, app) => sum + app.connections, 0);
    return { connections, apps };
  }
}

function dropOldest<K>(kept: { readonly size: number; keys(): Iterable<K>; delete(key: K): boolean }, most: number) {
  if (kept.size <= most) return;
  for (const oldest of kept.keys()) {
    kept.delete(oldest);
    return;
  }
}
