// Numbers of DNS messages, from the IANA registry "Domain Name System (DNS) Parameters" and the RFCs beside them.

/** RFC 1035 4.1.1: bytes of the header. */
export const HEADER_LENGTH = 12;
/** RFC 1035 4.1.1: bits of the header's second word. */
export const FLAG_QR = 0x8000;
export const FLAG_TC = 0x0200;
export const FLAG_RD = 0x0100;
export const FLAG_RA = 0x0080;
/** RFC 4035 3.2.3 and 3.2.2 */
export const FLAG_AD = 0x0020;
export const FLAG_CD = 0x0010;

/** RFC 1035 4.1.1 */
export const RCODE_NOERROR = 0;
export const RCODE_FORMERR = 1;
export const RCODE_SERVFAIL = 2;
export const RCODE_NXDOMAIN = 3;
export const RCODE_NOTIMP = 4;
/** RFC 6891 9 */
export const RCODE_BADVERS = 16;

/** RFC 8914 2: the option, and from its registry what it says. */
export const OPTION_EDE = 15;
export const EDE_OTHER = 0;
export const EDE_BLOCKED = 15;
export const EDE_NO_REACHABLE_AUTHORITY = 22;

export const OPCODE_QUERY = 0;

export const CLASS_IN = 1;

/** RFC 1035 3.2.2 and 3.2.3 */
export const TYPE_A = 1;
export const TYPE_CNAME = 5;
export const TYPE_PTR = 12;
export const TYPE_ANY = 255;
/** RFC 3596 2.1 */
export const TYPE_AAAA = 28;
/** RFC 2782 */
export const TYPE_SRV = 33;
/** RFC 6672 2.1 */
export const TYPE_DNAME = 39;
/** RFC 6891 6.1.1 */
export const TYPE_OPT = 41;
/** RFC 9460 14.1 */
export const TYPE_SVCB = 64;
export const TYPE_HTTPS = 65;

/** RFC 9460 14.3.2 */
export const SVC_MANDATORY = 0;
export const SVC_ALPN = 1;
export const SVC_NO_DEFAULT_ALPN = 2;
export const SVC_PORT = 3;
export const SVC_IPV4HINT = 4;
/** IANA registry "DNS Service Parameter Keys (SvcParamKeys)" */
export const SVC_ECH = 5;
export const SVC_IPV6HINT = 6;
