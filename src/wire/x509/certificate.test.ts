// The certificate that Postern makes for itself, read by OpenSSL, which Node has inside.
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAddress } from '#model/net/address.ts';
import { certificateSigned, certificateToSign } from './certificate.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));

function make(of: { serial?: Uint8Array; names?: string[]; begins?: number; ends?: number; commonName?: string }) {
  const toSign = certificateToSign({
    serial: of.serial ?? Uint8Array.of(1),
    commonName: of.commonName ?? 'Postern',
    names: of.names ?? [],
    addresses: ['192.0.2.1', '2001:db8::1'].flatMap((text) => parseAddress(text) ?? []),
    begins: of.begins ?? 0,
    ends: of.ends ?? 1e12,
    publicKey: spki,
  });
  return new X509Certificate(certificateSigned(toSign, sign('sha256', toSign, privateKey)));
}

test('it is good for its names and addresses and nothing else, and is no authority', () => {
  const made = make({ names: ['server.example.com'] });
  assert.equal(made.checkHost('server.example.com'), 'server.example.com');
  assert.equal(made.checkHost('other.example.com'), undefined);
  assert.equal(made.checkIP('192.0.2.1'), '192.0.2.1');
  assert.equal(made.checkIP('2001:db8::1'), '2001:db8::1');
  assert.equal(made.checkIP('192.0.2.2'), undefined);
  assert.equal(made.ca, false);
  assert.deepEqual(made.keyUsage, ['1.3.6.1.5.5.7.3.1']);
  assert.ok(made.verify(publicKey) && made.checkPrivateKey(privateKey));
  assert.equal(made.subject, 'CN=Postern');
});

test('whatever the serial, the times and the names, OpenSSL reads what was written', () => {
  const second = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000);
  const name = fc.stringMatching(/^[a-z]{1,20}\.[a-z]{2,10}$/);
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 20 }),
      second,
      second,
      fc.array(name, { maxLength: 40 }),
      (serial, begins, ends, names) => {
        const made = make({ serial, begins, ends, names });
        assert.equal(BigInt(`0x${made.serialNumber}`), BigInt(`0x${Buffer.from(serial).toString('hex')}`));
        assert.deepEqual([Date.parse(made.validFrom), Date.parse(made.validTo)], [begins, ends]);
        for (const one of names) assert.equal(made.checkHost(one), one);
      },
    ),
    { numRuns: 100 },
  );
});
