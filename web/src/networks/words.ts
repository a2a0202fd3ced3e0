// Networks in words.
import type { NetworkSign, Networks } from '#model/net/network.ts';
import { escapeText } from '#std/text.ts';

export function signText(sign: NetworkSign): string {
  if ('link' in sign) return `the interface ${escapeText(sign.link)}, which has no gateway`;
  const gateway = `the gateway ${sign.gateway}`;
  return sign.ssid === undefined ? gateway : `the wireless network “${escapeText(sign.ssid)}” and ${gateway}`;
}

/** Where the machine is, in a sentence. */
export function whereText({ connected, where }: Networks): string {
  if (connected === null) return 'No network leads anywhere now.';
  const by = `${escapeText(connected.interface)}${connected.gateway === null ? '' : `, over ${connected.gateway}`}`;
  if (where.network === undefined)
    return `On a network that is not recognised yet, by ${by}: its gateway has not answered.`;
  return `By ${by}.`;
}
