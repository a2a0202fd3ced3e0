// Registered domains, by the public suffix list as it comes with the package; as the control plane has them.
import { useEffect, useState } from 'react';

export type DomainOf = (name: string) => string | undefined;

/** The list is large, so that it comes after the page. */
export async function loadDomains(): Promise<DomainOf> {
  const { parse } = await import('tldts');
  return (name) => {
    const { domain, isIcann, isPrivate } = parse(name, {
      allowPrivateDomains: true,
      extractHostname: false,
      validateHostname: false,
    });
    return isIcann === true || isPrivate === true ? (domain ?? undefined) : undefined;
  };
}

let loaded: DomainOf | undefined;

/** undefined until it is there. */
export function useDomains(): DomainOf | undefined {
  const [domainOf, set] = useState<DomainOf | undefined>(() => loaded);
  useEffect(() => {
    if (loaded !== undefined) return;
    void loadDomains().then((found) => {
      loaded = found;
      set(() => found);
    });
  }, []);
  return domainOf;
}
