// The host that an HTTP/1.x request is for (RFC 9112 3): from its head, without the body. HTTP/2 in the clear is recognised and has no name here.
import { type HostNameError, parseHostName } from '../firstwords/hostname.ts';

/**
 * Why a head proves no host: `bad-line` its request line is none; `bad-field` a field line is none, or is continued on the
 * next one (obs-fold); `bad-host` Host or the target holds no host name; `several-hosts`; `no-host`, which is right for
 * HTTP/1.0 alone; `too-long` it does not end within `maxHeadLength`.
 */
export type HttpError = 'bad-line' | 'bad-field' | 'bad-host' | 'several-hosts' | 'no-host' | 'too-long';

/** `host` undefined: an IP address, or HTTP/1.0 without Host. */
export interface HttpRequest {
  readonly method: string;
  /** As `parseHostName` gives it, without a port. */
  readonly host: string | undefined;
  readonly hostIsAddress: boolean;
  /** It asks a proxy: the host is not whom the connection goes to. */
  readonly proxied: boolean;
}

/**
 * `more`: an HTTP request so far, whose head has not ended; `h2c`: HTTP/2 with prior knowledge (RFC 9113 3.3), whose names
 * are compressed; `not-http`: the first bytes are not those of a request.
 */
export type ParsedHttp =
  | { readonly kind: 'more' | 'h2c' | 'not-http' }
  | { readonly kind: 'malformed'; readonly reason: HttpError }
  | { readonly kind: 'request'; readonly request: HttpRequest };

/** Bytes. Servers take 8 KB of a head at least, as RFC 9112 3 recommends for its first line. */
export const maxHeadLength = 8192;

/** RFC 9110 5.6.2: bytes of a method and of a field's name. */
const tokenPattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Registered methods have at most 17 letters; a longer beginning without a space is another protocol. */
const maxMethod = 24;
const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const linePattern = /^([^ ]+) ([\x21-\x7e]+) HTTP\/1\.([01])$/;

/** `bytes` are those of the connection so far, from its first one. */
export function parseHttp(bytes: Uint8Array): ParsedHttp {
  const text = latin1(bytes, Math.min(bytes.length, maxHeadLength));
  if (preface.startsWith(text.slice(0, preface.length))) return { kind: text.length < preface.length ? 'more' : 'h2c' };
  const space = text.indexOf(' ');
  const method = space < 0 ? text : text.slice(0, space);
  if (method.length > maxMethod || !tokenPattern.test(method)) return { kind: 'not-http' };
  if (space < 0) return { kind: 'more' };
  const lineEnd = text.indexOf('\n');
  if (lineEnd >= 0 && !/ HTTP\/1\.[01]\r\n$/.test(text.slice(0, lineEnd + 1))) {
    // A request line in all but its end is a wrong one; a line of another protocol is none.
    return / HTTP\//.test(text.slice(0, lineEnd)) ? malformed('bad-line') : { kind: 'not-http' };
  }
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd >= 0) return parseHead(text.slice(0, headEnd).split('\r\n'));
  return bytes.length < maxHeadLength ? { kind: 'more' } : malformed('too-long');
}

/** The whole head is read, also what comes after Host: a second Host behind it would be the one that some servers take. */
function parseHead([line = '', ...fields]: readonly string[]): ParsedHttp {
  const [, method = '', target = '', minor] = linePattern.exec(line) ?? [];
  if (!tokenPattern.test(method)) return malformed('bad-line');
  const hosts: string[] = [];
  for (const field of fields) {
    const colon = field.indexOf(':');
    // RFC 9112 5.1 forbids a space before the colon, 5.2 a line that continues the one before; 9110 5.5 CR, LF and NUL.
    if (!tokenPattern.test(field.slice(0, Math.max(colon, 0))) || /[\0\r\n]/.test(field)) return malformed('bad-field');
    if (field.slice(0, colon).toLowerCase() === 'host')
      hosts.push(field.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, ''));
  }
  if (hosts.length > 1) return malformed('several-hosts');
  const [host] = hosts;
  if (host === undefined && minor === '1') return malformed('no-host');
  const named = host === undefined || host === '' ? undefined : hostOf(host);
  if (named === null) return malformed('bad-host');
  const aimed = targetHost(method, target);
  if (aimed === null) return malformed('bad-host');
  // RFC 9112 3.2.2: the target is what counts where it is absolute, whatever Host says.
  return { kind: 'request', request: { method, ...(aimed ?? named ?? noHost), proxied: aimed !== undefined } };
}

type Named = Pick<HttpRequest, 'host' | 'hostIsAddress'>;

const noHost: Named = { host: undefined, hostIsAddress: false };

/** What an absolute target (3.2.2), or that of CONNECT (3.2.3), is for; undefined for others, null for a wrong one. */
function targetHost(method: string, target: string): Named | null | undefined {
  if (method === 'CONNECT') return hostOf(target);
  if (target.startsWith('/') || target === '*') return undefined;
  const [, authority] = /^https?:\/\/([^/?#]*)/i.exec(target) ?? [];
  // Userinfo is forbidden there (RFC 9110 4.2.4), and would hide who is meant.
  return authority === undefined ? null : hostOf(authority);
}

/** RFC 3986 3.2: host, and a port which is left away. Null when it is neither a name nor an address. */
function hostOf(authority: string): Named | null {
  const literal = /^\[[0-9a-f:.]+\](:[0-9]*)?$/i.test(authority);
  if (literal) return { host: undefined, hostIsAddress: true };
  const [, name = ''] = /^([^:]*)(?::[0-9]*)?$/.exec(authority) ?? [];
  const bytes = Uint8Array.from(name, (character) => character.charCodeAt(0));
  const parsed = parseHostName(bytes, 0, bytes.length);
  if (parsed.ok) return { host: parsed.value, hostIsAddress: false };
  const error: HostNameError = parsed.error;
  return error === 'address' ? { host: undefined, hostIsAddress: true } : null;
}

/** One character a byte, so that nothing is hidden by an encoding. */
function latin1(bytes: Uint8Array, end: number): string {
  let text = '';
  for (let at = 0; at < end; at++) text += String.fromCharCode(bytes[at] as number);
  return text;
}

function malformed(reason: HttpError): ParsedHttp {
  return { kind: 'malformed', reason };
}
