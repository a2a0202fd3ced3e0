// A certificate that a server makes for itself (RFC 5280), with a key on a curve: what is signed, and both put together. There is no
// writer of certificates in Node, and those on npm bring a hundred files for these few lines.
import { type Address, addressToBytes } from '#model/net/address.ts';
import { bits, integer, octets, oid, sequence, set, tagged, time, utf8, yes } from './der.ts';

export interface CertificateFacts {
  /** Up to 20 bytes of chance. */
  readonly serial: Uint8Array;
  readonly commonName: string;
  /** For which it is good. */
  readonly names: readonly string[];
  readonly addresses: readonly Address[];
  /** Milliseconds since 1970. */
  readonly begins: number;
  readonly ends: number;
  /** SubjectPublicKeyInfo, as `publicKey.export({ type: 'spki', format: 'der' })` gives it. */
  readonly publicKey: Uint8Array;
}

/** ecdsa-with-SHA256, RFC 5758 section 3.2. */
const algorithm = sequence(oid('1.2.840.10045.4.3.2'));

/** id-ce-…, RFC 5280 section 4.2. */
const extension = (id: string, critical: boolean, value: Uint8Array) =>
  sequence(oid(`2.5.29.${id}`), ...(critical ? [yes] : []), octets(value));

/** What is signed. The same facts give the same bytes. */
export function certificateToSign(facts: CertificateFacts): Uint8Array<ArrayBuffer> {
  const { serial, commonName, names, addresses, begins, ends, publicKey } = facts;
  const name = sequence(set(sequence(oid('2.5.4.3'), utf8(commonName.slice(0, 64)))));
  const alternatives = [
    ...names.map((text) => tagged(0x82, new TextEncoder().encode(text))), // dNSName
    ...addresses.map((address) => tagged(0x87, addressToBytes(address))), // iPAddress
  ];
  const extensions = sequence(
    extension('19', true, sequence()), // basicConstraints: no authority
    extension('15', true, bits(Uint8Array.of(0x80), 7)), // keyUsage: digitalSignature
    extension('37', false, sequence(oid('1.3.6.1.5.5.7.3.1'))), // extKeyUsage: serverAuth
    extension('17', false, sequence(...alternatives)), // subjectAltName
  );
  return sequence(
    tagged(0xa0, integer(Uint8Array.of(2))), // version 3
    integer(serial),
    algorithm,
    name,
    sequence(time(begins), time(ends)),
    name,
    publicKey,
    tagged(0xa3, extensions),
  );
}

/** `signature`: ECDSA with SHA-256 over what was to be signed, in DER. */
export function certificateSigned(toSign: Uint8Array, signature: Uint8Array): Uint8Array<ArrayBuffer> {
  return sequence(toSign, algorithm, bits(signature));
}
