// Who comes in to the pages, and who did not: passwords for the door to other machines, sessions, refused logins.
import { z } from 'zod';

/** Milliseconds since 1970. */
const time = z.number();
const count = z.int().min(0);

/** As useradd(8) takes them, and a little more; longer than any account's name is nobody's. */
export const userNameSchema = z.string().min(1).max(64);

export const passwordRequestSchema = z.strictObject({ password: z.string().max(1024) });

/** An account that may log in from other machines. */
export const passwordViewSchema = z.strictObject({
  user: z.string(),
  uid: count,
  set: time,
  /** Browsers that logged in with it and are known again. */
  browsers: count,
});
export type PasswordView = z.infer<typeof passwordViewSchema>;

/** What the login page for other machines sends. */
export const passwordLoginSchema = z.strictObject({ user: userNameSchema, password: z.string().max(1024) });

export const sessionViewSchema = z.strictObject({
  id: z.string(),
  /** null where the account has no name any more. */
  user: z.string().nullable(),
  uid: count,
  /** The address that asked last; null: a browser of this machine. */
  from: z.string().nullable(),
  began: time,
  lastUsed: time,
  /** When it ends if it is not used any more. */
  expires: time,
});
export type SessionView = z.infer<typeof sessionViewSchema>;

/** Why something was not served, whoever asked. */
export const refusalReasons = [
  'login',
  'too-soon',
  'host',
  'origin',
  'size',
  'nonsense',
  'connections',
  'tls',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

export const refusalsSchema = z.strictObject({
  /** Logins that were refused within a day, by where they came from; the newest first. */
  logins: z.array(z.strictObject({ from: z.string(), times: count, last: time })),
  /** All that was refused since the control plane started, by the reason. */
  counts: z.record(z.enum(refusalReasons), count),
});
export type RefusalsView = z.infer<typeof refusalsSchema>;

/** The door to other machines. */
export const remoteStateSchema = z.strictObject({
  /** Where it is; null while it is not open. */
  url: z.string().nullable(),
  problem: z.string().nullable(),
  certificate: z
    .strictObject({
      /** SHA-256 of the certificate, as browsers show it: `AB:CD:…`. */
      fingerprint: z.string(),
      expires: time,
      /** Made by Postern itself, so that browsers ask whether to trust it. */
      own: z.boolean(),
    })
    .nullable(),
  /** Accounts with a password. */
  accounts: count,
  /** Whether the mode or some rule lets anybody at all reach it; null while no policy holds. */
  reachable: z.boolean().nullable(),
});
export type RemoteState = z.infer<typeof remoteStateSchema>;
