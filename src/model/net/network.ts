// Network: where this machine is plugged in or logged in, how it is recognised, and the profile that a person gave it.
import { z } from 'zod';

/** Whatever is not answered yet, or cannot be recognised; rules cannot ask for it. */
export const unknownProfile = 'unknown';

/** What is offered; own words are as good. */
export const usualProfiles = ['home', 'work', 'public'] as const;

const word = /^[\p{L}\p{N}][\p{L}\p{N}\p{M} ._'’&/()#+-]{0,63}$/u;

export const profileSchema = z
  .string()
  .regex(word, "must begin with a letter or digit and have at most 64 characters, with no signs beside ._'’&/()#+-")
  .refine((text) => text !== unknownProfile, `cannot be "${unknownProfile}", which is what no answer means`);

export const networkNameSchema = z
  .string()
  .min(1)
  .max(64)
  .refine((text) => text === text.trim() && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(text), 'must be plain text');

/**
 * By what a network is recognised: the hardware address of its gateway, with the name of the wireless network where there is
 * one. A link between two ends has no such address; it is recognised by its interface. Never by an address: 192.168.1.1 is everywhere.
 */
export const networkSignSchema = z.union([
  z.strictObject({
    gateway: z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5,19}$/, 'is no hardware address such as 02:00:5e:10:00:01'),
    /** As text; bytes that are none stand as \xNN. */
    ssid: z.string().max(140).optional(),
  }),
  z.strictObject({ link: z.string().min(1).max(15) }),
]);
export type NetworkSign = z.infer<typeof networkSignSchema>;

export function sameSign(a: NetworkSign, b: NetworkSign): boolean {
  if ('link' in a || 'link' in b) return 'link' in a && 'link' in b && a.link === b.link;
  return a.gateway === b.gateway && a.ssid === b.ssid;
}

/** Where the machine is, as rules see it; what is left out is not known. */
export const whereaboutsSchema = z.strictObject({
  /** Name of the network. */
  network: networkNameSchema.optional(),
  profile: profileSchema.optional(),
});
export type Whereabouts = z.infer<typeof whereaboutsSchema>;

/** An interface of a tunnel with a route of its own. */
const tunnelSchema = z.strictObject({ interface: z.string(), kind: z.string() });
export type Tunnel = z.infer<typeof tunnelSchema>;

/** What the machine is connected to now, as the kernel says it. */
export const connectedSchema = z.strictObject({
  interface: z.string(),
  /** Address of the gateway; null on a link between two ends. */
  gateway: z.string().nullable(),
  /** null while nobody knows how to recognise the network: its gateway was not heard of yet. */
  sign: networkSignSchema.nullable(),
  /** The wireless network's name; null where the link is none, or the kernel does not say it. */
  ssid: z.string().nullable(),
});
export type Connected = z.infer<typeof connectedSchema>;

const time = z.number();

export const networkViewSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  /** null: nobody has said what it is. */
  profile: z.string().nullable(),
  /** Nobody has said what it is, and nobody has put the question off. */
  question: z.boolean(),
  /** The machine is on it now. */
  current: z.boolean(),
  sign: networkSignSchema,
  /** The last address of its gateway and the interface it was reached by; null where nobody remembers. */
  gateway: z.string().nullable(),
  interface: z.string().nullable(),
  /** Milliseconds since 1970. */
  firstSeen: time,
  lastSeen: time,
  /** The rules that name it, or its profile. */
  rules: z.array(z.string()),
});
export type NetworkView = z.infer<typeof networkViewSchema>;

export const networksSchema = z.strictObject({
  /** The current one first, then the one seen last. */
  networks: z.array(networkViewSchema),
  /** null: no network has a default route. */
  connected: connectedSchema.nullable(),
  tunnels: z.array(tunnelSchema),
  /** What rules go by now. */
  where: whereaboutsSchema,
  /** Why networks cannot be recognised here; null where they can. */
  problem: z.string().nullable(),
});
export type Networks = z.infer<typeof networksSchema>;

export const changeNetworkSchema = z
  .strictObject({
    name: networkNameSchema.optional(),
    /** null takes the answer back. */
    profile: profileSchema.nullable().optional(),
    /** Do not ask about it again; its profile stays unknown. */
    later: z.literal(true).optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'says nothing: give a name, a profile or "later"');
export type ChangeNetwork = z.infer<typeof changeNetworkSchema>;
