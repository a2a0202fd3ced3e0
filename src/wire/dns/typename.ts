// What types of records are called, for people.

/** IANA registry "Resource Record (RR) TYPEs", those that programs ask for. */
const names: Readonly<Record<number, string>> = {
  ...{ 1: 'A', 2: 'NS', 5: 'CNAME', 6: 'SOA', 10: 'NULL', 12: 'PTR', 13: 'HINFO', 15: 'MX', 16: 'TXT', 24: 'SIG' },
  ...{ 25: 'KEY', 28: 'AAAA', 29: 'LOC', 33: 'SRV', 35: 'NAPTR', 37: 'CERT', 39: 'DNAME', 43: 'DS', 44: 'SSHFP' },
  ...{ 46: 'RRSIG', 47: 'NSEC', 48: 'DNSKEY', 50: 'NSEC3', 52: 'TLSA', 61: 'OPENPGPKEY', 64: 'SVCB', 65: 'HTTPS' },
  ...{ 99: 'SPF', 251: 'IXFR', 252: 'AXFR', 255: 'ANY', 256: 'URI', 257: 'CAA' },
};

/** RFC 3597 5 for the others. */
export function nameOfType(type: number): string {
  return names[type] ?? `TYPE${type}`;
}
