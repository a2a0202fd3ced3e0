// Cryptography for tests of the inner layers, which may not import that of the edge; as slow and plain as can be.
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import type { QuicCrypto } from './crypto.ts';

export const testQuicCrypto: QuicCrypto = {
  hmac: (key, data) => createHmac('sha256', key).update(data).digest(),
  encryptBlock: (key, block) => createCipheriv('aes-128-ecb', key, null).setAutoPadding(false).update(block),
  open(key, nonce, associated, sealed) {
    const tag = sealed.subarray(-16);
    const decipher = createDecipheriv('aes-128-gcm', key, nonce).setAAD(associated).setAuthTag(tag);
    try {
      return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
    } catch {
      return undefined;
    }
  },
};
