// Asks nl80211, over generic netlink, what wireless network an interface is in. It takes no right, and no daemon's help.
import { NLM_F_REQUEST } from '../constants/netlink.ts';
import {
  CTRL_ATTR_FAMILY_ID,
  CTRL_ATTR_FAMILY_NAME,
  CTRL_CMD_GETFAMILY,
  GENL_ID_CTRL,
  NL80211_ATTR_IFINDEX,
  NL80211_ATTR_SSID,
  NL80211_CMD_GET_INTERFACE,
} from '../constants/route.ts';
import { AttributeReader, type MessageReader } from '../netlink.ts';
import type { Writer } from '../writer.ts';

/** struct genlmsghdr: command, version, two bytes kept free. */
const genericHeader = 4;

function begin(writer: Writer, family: number, command: number, sequence: number): number {
  const start = writer.beginMessage(family, NLM_F_REQUEST, sequence);
  writer.u8(command);
  writer.u8(1);
  writer.u16(0);
  return start;
}

/** By which number the family goes; ENOENT where the kernel has no wireless at all. */
export function appendFamilyLookup(writer: Writer, sequence: number): boolean {
  const start = begin(writer, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, sequence);
  writer.attributeText(CTRL_ATTR_FAMILY_NAME, 'nl80211');
  return writer.endMessage(start);
}

/** ENODEV for an interface that is not wireless. */
export function appendInterfaceLookup(
  writer: Writer,
  sequence: number,
  { family, interfaceIndex }: { readonly family: number; readonly interfaceIndex: number },
): boolean {
  const start = begin(writer, family, NL80211_CMD_GET_INTERFACE, sequence);
  const attribute = writer.beginAttribute(NL80211_ATTR_IFINDEX);
  writer.u32(interfaceIndex);
  writer.endAttribute(attribute);
  return writer.endMessage(start);
}

function attributesOf(message: MessageReader): AttributeReader {
  const attributes = new AttributeReader();
  attributes.reset(message.bytes, Math.min(message.start + genericHeader, message.end), message.end);
  return attributes;
}

/** Undefined for what is no such answer. */
export function parseFamily(message: MessageReader): number | undefined {
  const attributes = attributesOf(message);
  while (attributes.next()) if (attributes.type === CTRL_ATTR_FAMILY_ID) return attributes.value.u16();
  return undefined;
}

/** The network's name as text; undefined while the interface is in none. */
export function parseSsid(message: MessageReader): string | undefined {
  const attributes = attributesOf(message);
  while (attributes.next()) {
    if (attributes.type !== NL80211_ATTR_SSID) continue;
    const bytes = message.bytes.subarray(attributes.start, attributes.end);
    return bytes.length === 0 || bytes.length > 32 ? undefined : ssidText(bytes);
  }
  return undefined;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A name is up to 32 bytes of any kind (IEEE 802.11, 9.4.2.2). Two that differ stand as different texts: what is no plain
 * text, and the sign that begins it, is written as \xNN.
 */
export function ssidText(bytes: Uint8Array): string {
  try {
    const text = decoder.decode(bytes);
    if (!/[\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text)) return text;
  } catch {
    // No UTF-8.
  }
  return [...bytes]
    .map((byte) =>
      byte >= 0x20 && byte < 0x7f && byte !== 0x5c
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).padStart(2, '0')}`,
    )
    .join('');
}
