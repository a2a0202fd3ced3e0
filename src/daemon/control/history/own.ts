// Postern's own connections: between its pages and the browser that shows them.
import type { Connection } from '#model/connection.ts';

const isLoopback = (address: string) => address === '::1' || address.startsWith('127.');

/** `url`: where the pages are served now, such as http://127.0.0.1:7878; null where they are not. */
export function isOwn({ protocol, local, remote }: Connection['attempt']['flow'], url: string | null): boolean {
  if (url === null || protocol !== 'tcp' || !isLoopback(remote.address)) return false;
  const port = Number(url.slice(url.lastIndexOf(':') + 1));
  return remote.port === port || local?.port === port;
}
