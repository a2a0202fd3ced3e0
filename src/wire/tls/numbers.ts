// Numbers of TLS, each with its RFC.

// RFC 8446 5.1: ContentType; a record has a header of 5 bytes.
export const RECORD_HANDSHAKE = 22;
export const RECORD_HEADER_LENGTH = 5;
/** RFC 8446 5.2, RFC 5246 6.2.3: what implementations accept at most; a record in the clear should end at 2^14. */
export const RECORD_MAX_LENGTH = 2 ** 14 + 256;

// RFC 8446 4: HandshakeType; a message has a header of 4 bytes.
export const HANDSHAKE_CLIENT_HELLO = 1;
export const HANDSHAKE_HEADER_LENGTH = 4;

// IANA "TLS ExtensionType Values"
/** RFC 6066 3 */
export const EXTENSION_SERVER_NAME = 0;
/** RFC 7301 3.1 */
export const EXTENSION_ALPN = 16;
/** RFC 8446 4.2.1 */
export const EXTENSION_SUPPORTED_VERSIONS = 43;
/** RFC 9849 5 */
export const EXTENSION_ENCRYPTED_CLIENT_HELLO = 0xfe0d;
/** Its drafts 8 to 12 (draft-ietf-tls-esni), and `encrypted_server_name` of those before. */
export const EXTENSION_ECH_DRAFT_FIRST = 0xfe08;
export const EXTENSION_ESNI_DRAFT = 0xffce;

/** RFC 6066 3: NameType */
export const NAME_HOST = 0;

/** RFC 9849 5: ECHClientHelloType */
export const ECH_INNER = 1;
