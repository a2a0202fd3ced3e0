// The extensions of a ClientHello that say where it wants to go: server name, protocols, versions, and whether the true name is hidden.
import { fail, ok, type Result } from '#std/result.ts';
import { parseHostName } from '../firstwords/hostname.ts';
import type { Reader } from '../reader.ts';
import {
  ECH_INNER,
  EXTENSION_ALPN,
  EXTENSION_ECH_DRAFT_FIRST,
  EXTENSION_ENCRYPTED_CLIENT_HELLO,
  EXTENSION_ESNI_DRAFT,
  EXTENSION_SERVER_NAME,
  EXTENSION_SUPPORTED_VERSIONS,
  NAME_HOST,
} from './numbers.ts';

/**
 * `grease-or-real`: an encrypted ClientHello is there, and the name in the clear is that of a provider, or the client only
 * makes believe (RFC 9849 6.2 is made so that nobody on the way can tell). `inner`: marked as what should have been encrypted.
 */
export type EncryptedHello = 'none' | 'grease-or-real' | 'inner';

/** Why extensions cannot be read: a length contradicts itself, one comes twice, a name is no host name, or a list is absurdly long. */
export type ExtensionError = 'bad-length' | 'duplicate-extension' | 'bad-name' | 'too-many-protocols';

/** What the extensions say; what none of them says stays as `noExtensions` has it. */
export interface Extensions {
  /** The server's name as `parseHostName` gives it. */
  sni: string | undefined;
  /** The server name is an IP address, which RFC 6066 3 forbids and which names nobody. */
  sniIsAddress: boolean;
  /** In the client's order; what is not printable is `\DDD`. */
  alpn: readonly string[];
  /** Of `supported_versions`, as sent: GREASE (RFC 8701) is among them. */
  versions: readonly number[];
  ech: EncryptedHello;
}

export const noExtensions: Readonly<Extensions> = {
  sni: undefined,
  sniIsAddress: false,
  alpn: [],
  versions: [],
  ech: 'none',
};

/** Clients offer two or three; the strings of 65,000 bytes would be a burden. */
const maxProtocols = 64;

/** Reads the extensions from the reader's place up to its end (RFC 8446 4.2). */
export function parseExtensions(reader: Reader): Result<Extensions, ExtensionError> {
  const found: Extensions = { ...noExtensions };
  const seen = new Set<number>();
  const { end } = reader;
  while (reader.remaining() > 0) {
    const type = reader.be16();
    const length = reader.be16();
    if (reader.error !== undefined || length > reader.remaining()) return fail('bad-length');
    // RFC 8446 4.2. Of two names the server might take the other one.
    if (seen.has(type)) return fail('duplicate-extension');
    seen.add(type);
    const next = reader.offset + length;
    reader.move(reader.offset, next);
    const problem = parseExtension(type, reader, found);
    if (problem !== undefined) return fail(problem);
    if (reader.error !== undefined) return fail('bad-length');
    reader.move(next, end);
  }
  return ok(found);
}

function parseExtension(type: number, reader: Reader, into: Extensions): ExtensionError | undefined {
  if (type === EXTENSION_SERVER_NAME) return parseServerName(reader, into);
  if (type === EXTENSION_ALPN) return parseProtocols(reader, into);
  if (type === EXTENSION_SUPPORTED_VERSIONS) return parseVersions(reader, into);
  if (type === EXTENSION_ESNI_DRAFT) into.ech = 'grease-or-real';
  if (type < EXTENSION_ECH_DRAFT_FIRST || type > EXTENSION_ENCRYPTED_CLIENT_HELLO) return undefined;
  // Whatever stands in it, the name in the clear proves nothing any more.
  into.ech = reader.remaining() === 1 && reader.u8() === ECH_INNER ? 'inner' : 'grease-or-real';
  return undefined;
}

/** RFC 6066 3: a list, in which there is nothing but one host name, since no other type was ever defined. */
function parseServerName(reader: Reader, into: Extensions): ExtensionError | undefined {
  const listLength = reader.be16();
  const type = reader.u8();
  const length = reader.be16();
  if (reader.error !== undefined || listLength !== length + 3 || length !== reader.remaining()) return 'bad-length';
  if (type !== NAME_HOST) return 'bad-name';
  const name = parseHostName(reader.bytes, reader.offset, reader.end);
  if (name.ok) into.sni = name.value;
  else if (name.error === 'address') into.sniIsAddress = true;
  else return 'bad-name';
  return undefined;
}

/** RFC 7301 3.1. */
function parseProtocols(reader: Reader, into: Extensions): ExtensionError | undefined {
  if (reader.be16() !== reader.remaining()) return 'bad-length';
  const protocols: string[] = [];
  while (reader.remaining() > 0) {
    const length = reader.u8();
    if (length === 0 || length > reader.remaining()) return 'bad-length';
    if (protocols.length === maxProtocols) return 'too-many-protocols';
    protocols.push(protocolText(reader.bytes.subarray(reader.offset, reader.offset + length)));
    reader.skip(length);
  }
  into.alpn = protocols;
  return undefined;
}

/** RFC 8446 4.2.1. */
function parseVersions(reader: Reader, into: Extensions): ExtensionError | undefined {
  const length = reader.u8();
  if (length !== reader.remaining() || length % 2 !== 0) return 'bad-length';
  const versions: number[] = [];
  while (reader.remaining() > 0) versions.push(reader.be16());
  into.versions = versions;
  return undefined;
}

function protocolText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    const plain = byte > 0x20 && byte < 0x7f && byte !== 0x5c;
    text += plain ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`;
  }
  return text;
}
