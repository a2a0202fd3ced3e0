// Numbers of DNS messages, from the IANA registry "Domain Name System (DNS) Parameters" and the RFCs beside them.

/** RFC 1035 4.1.1: bytes of the header. */
export const HEADER_LENGTH = 12;
/** RFC 1035 4.1.1: bits of the header's second word. */
export const FLAG_QR = 0x8000;
export const FLAG_TC = 0x0200;

export const OPCODE_QUERY = 0;

export const CLASS_IN = 1;

/** RFC 1035 3.2.2 and 3.2.3 */
export const TYPE_A = 1;
export const TYPE_CNAME = 5;
export const TYPE_ANY = 255;
/** RFC 3596 2.1 */
export const TYPE_AAAA = 28;
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
