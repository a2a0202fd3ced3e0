// The cryptography that QUIC's Initial packets need, from Node.
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import type { QuicCrypto } from '#wire/quic/crypto.ts';

const tagLength = 16;

export const nodeQuicCrypto: QuicCrypto = {
  hmac: (key, data) => createHmac('sha256', key).update(data).digest(),
  encryptBlock(key, block) {
    const cipher = createCipheriv('aes-128-ecb', key, null);
    cipher.setAutoPadding(false);
    return cipher.update(block);
  },
  open(key, nonce, associated, sealed) {
    if (sealed.length < tagLength) return undefined;
    const end = sealed.length - tagLength;
    const decipher = createDecipheriv('aes-128-gcm', key, nonce);
    decipher.setAAD(associated);
    decipher.setAuthTag(sealed.subarray(end));
    const plain = decipher.update(sealed.subarray(0, end));
    try {
      decipher.final();
      return plain;
    } catch {
      // Node's only way to say that the tag is wrong.
      return undefined;
    }
  },
};
