// Registered domains, by the public suffix list as it came with the package: what belongs to one owner.
import { parse } from 'tldts';

/**
 * `example.co.uk` of `www.example.co.uk`; undefined for a public suffix itself, and under what is none (`printer.lan`), since
 * nobody knows there where one owner's names end. The list's private part counts too: `alice.github.io` is Alice's alone.
 * `name` in lower case, in its ASCII form.
 */
export function registeredDomain(name: string): string | undefined {
  const { domain, isIcann, isPrivate } = parse(name, {
    allowPrivateDomains: true,
    extractHostname: false,
    validateHostname: false,
  });
  return isIcann === true || isPrivate === true ? (domain ?? undefined) : undefined;
}
