// The certificate of the door to other machines: the administrator's, which the supervisor hands over, or one that is made here and kept.
import { createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { type Address, parseAddress } from '#model/net/address.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { readIfThere, writeAtomically } from '#store/atomicfile.ts';
import { certificateSigned, certificateToSign } from '#wire/x509/certificate.ts';

/** PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

const dayMs = 24 * 3600_000;
/** Apple's programs take no certificate of a server that is good for longer. */
const goodDays = 825;
/** So long before its end another one is made, at a start or at SIGHUP. */
const renewDays = 30;

/** What is wrong of it, in words; undefined: a server can use it. */
export function wrongOf({ cert, key }: KeyPair, now: number): string | undefined {
  try {
    const certificate = new X509Certificate(cert);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) return 'the key is not the one of the certificate';
    if (Date.parse(certificate.validTo) <= now) return `the certificate ended on ${certificate.validTo}`;
    return undefined;
  } catch (error) {
    return `the certificate or its key cannot be read (${error instanceof Error ? error.message : error}); both must be PEM, and the key without a passphrase`;
  }
}

/** As browsers show it. */
export function fingerprintOf(cert: string): { readonly fingerprint: string; readonly expires: number } {
  const certificate = new X509Certificate(cert);
  return { fingerprint: certificate.fingerprint256, expires: Date.parse(certificate.validTo) };
}

const pem = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${(
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  ).join('\n')}\n-----END CERTIFICATE-----\n`;

function make(names: readonly string[], addresses: readonly Address[], now: number): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const toSign = certificateToSign({
    serial: randomBytes(16),
    commonName: names[0] ?? 'Postern',
    ...{ names, addresses },
    // Clocks of other machines may be a little behind.
    begins: now - dayMs,
    ends: now + goodDays * dayMs,
    publicKey: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
  });
  const cert = pem(certificateSigned(toSign, sign('sha256', toSign, privateKey)));
  return { cert, key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) };
}

/**
 * The one of last time, while it is good for all `hosts` (names, and addresses as text); else another, which is good for `others` too.
 */
export function ownCertificate(
  stateDir: string,
  hosts: readonly string[],
  others: readonly string[],
  now: number,
): Result<KeyPair> {
  const file = join(stateDir, 'pages-certificate.pem');
  try {
    const kept = readIfThere(file);
    const [cert = '', key = ''] = kept?.split(/(?=-----BEGIN PRIVATE KEY-----)/) ?? [];
    if (kept !== undefined && wrongOf({ cert, key }, now + renewDays * dayMs) === undefined) {
      const of = new X509Certificate(cert);
      const good = hosts.every((host) => (parseAddress(host) === undefined ? of.checkHost(host) : of.checkIP(host)));
      if (good) return ok({ cert, key });
    }
    const all = [...new Set([...hosts, ...others])];
    const addresses = all.flatMap((host) => parseAddress(host) ?? []);
    const made = make(
      all.filter((host) => parseAddress(host) === undefined),
      addresses,
      now,
    );
    writeAtomically(file, `${made.cert}${made.key}`, 0o600);
    return ok(made);
  } catch (error) {
    return fail(`no certificate can be kept in ${file}: ${error instanceof Error ? error.message : error}`);
  }
}
