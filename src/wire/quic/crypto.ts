// What QUIC's Initial packets need of a library of cryptography; the inner layers have none of their own.

/** Initial packets are protected with AEAD_AES_128_GCM and SHA-256 alone (RFC 9001 5.2). Nothing of it throws on any bytes of these lengths. */
export interface QuicCrypto {
  /** HMAC-SHA-256 (RFC 2104): 32 bytes. The key may have any length. */
  hmac(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** One block of AES-128: key and block have 16 bytes, and so has what it gives. */
  encryptBlock(key: Uint8Array, block: Uint8Array): Uint8Array;
  /** `sealed` ends with its tag of 16 bytes, the key has 16, the nonce 12. Undefined when it is not authentic. */
  open(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
}
