// What every answer over TCP carries, and what every request must: checked before anything else is done with it.
import type { IncomingHttpHeaders } from 'node:http';
import type { ApiError } from '#model/api.ts';

export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), serial=(), usb=()',
};

export const maxBodyBytes = 1024 * 1024;

export interface Refusal {
  readonly status: 400 | 403 | 411 | 413 | 421;
  readonly error: ApiError;
}

export interface Asked {
  readonly method: string;
  /** As it came: path and query. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

/** What stands between browsers and the pages: where they may come from, and what they are asked for. */
export interface Door {
  /** The names, with the port, by which a browser may call us: another is a name that was bound to our address elsewhere. */
  readonly hosts: readonly string[];
  readonly scheme: 'http' | 'https';
}

/** Each name as browsers write it: with the port, and without where that is the scheme's own. */
export function hostsOf(names: readonly string[], port: number, scheme: Door['scheme']): string[] {
  const own = scheme === 'https' ? 443 : 80;
  return names
    .map((name) => name.toLowerCase())
    .flatMap((name) => [`${name}:${port}`, ...(port === own ? [name] : [])]);
}

export function localDoor(port: number): Door {
  return { hosts: hostsOf(['127.0.0.1', 'localhost', '[::1]'], port, 'http'), scheme: 'http' };
}

const refused = (status: Refusal['status'], code: ApiError['code'], message: string, hint?: string): Refusal => ({
  status,
  error: { code, message, ...(hint !== undefined && { hint }) },
});

/** Why this is not even looked at; undefined when it is. */
export function refusalOf({ method, target, headers }: Asked, { hosts, scheme }: Door): Refusal | undefined {
  const { host, origin } = headers;
  const site = headers['sec-fetch-site'];
  if (host === undefined || !hosts.includes(host.toLowerCase())) {
    return refused(421, 'bad-request', 'this host is not served here', `open ${scheme}://${hosts[0]}`);
  }
  if (origin !== undefined && origin.toLowerCase() !== `${scheme}://${host.toLowerCase()}`) {
    return refused(403, 'not-permitted', 'pages of other origins may not ask here');
  }
  if (!target.startsWith('/')) return refused(400, 'bad-request', 'the request asks for no path');
  const reads = method === 'GET' || method === 'HEAD';
  if (!reads && headers['postern-request'] !== '1') {
    return refused(403, 'not-permitted', 'only the pages may change something', 'send the header Postern-Request: 1');
  }
  // A link on another site may lead to the pages, but only they themselves ask the API.
  const narrow = !reads || /^\/api(\/|$)/.test(target);
  if (narrow && site !== undefined && site !== 'same-origin' && site !== 'none') {
    return refused(403, 'not-permitted', 'pages of other sites may not ask here');
  }
  if (headers['transfer-encoding'] !== undefined) {
    return refused(411, 'bad-request', 'a request must say how long its body is');
  }
  if (Number(headers['content-length'] ?? 0) > maxBodyBytes) {
    return refused(413, 'bad-request', `a request may have at most ${maxBodyBytes} bytes`);
  }
  return undefined;
}
