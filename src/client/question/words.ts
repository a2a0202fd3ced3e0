// Words for how a name became known and where an address lies, as pages, terminal and desktop say them.
import type { NameSource } from '#model/attempt.ts';

/** How a name became known. */
export const sourceTexts: Readonly<Record<NameSource, string>> = {
  dns: 'DNS',
  resolved: 'systemd-resolved',
  http: 'its HTTP request',
  sni: 'its TLS hello',
  quic: 'its QUIC hello',
};

export const scopeTexts = {
  loopback: 'this machine',
  lan: 'the local network',
  internet: 'the internet',
  multicast: 'many at once',
} as const;
