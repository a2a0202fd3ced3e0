// Made-up sessions, passwords and refused logins, with names that would be code or escapes anywhere but in text.
import type { DoctorReport } from '#model/api.ts';
import {
  type PasswordView,
  type RefusalsView,
  type RemoteState,
  refusalReasons,
  type SessionView,
} from '#model/pages/login.ts';

const hour = 3600_000;

export const madeSessions = (now: number): SessionView[] => [
  {
    id: '5f2a90c1d3e4',
    user: 'alice',
    uid: 1000,
    from: null,
    began: now - hour,
    lastUsed: now,
    expires: now + 12 * hour,
  },
  {
    id: '77aa90c1d3e4',
    user: 'alice',
    uid: 1000,
    from: '203.0.113.80',
    began: now - 9 * hour,
    lastUsed: now - 5 * hour,
    expires: now + 7 * hour,
  },
];

export const madePasswords = (now: number): PasswordView[] => [
  { user: 'alice', uid: 1000, set: now - 200 * hour, browsers: 2 },
];

export const madeRemote = (now: number): RemoteState => ({
  url: 'https://server.example.com:7443',
  problem: null,
  certificate: {
    fingerprint: Array.from({ length: 32 }, (_, n) => (n * 7 + 16).toString(16).toUpperCase()).join(':'),
    expires: now + 2000 * hour,
    own: true,
  },
  accounts: 1,
  reachable: true,
});

export const madeRefused = (now: number): RefusalsView => ({
  logins: [
    { from: '203.0.113.5', times: 12, last: now - hour },
    { from: 'user <b>mallory</b>\u001b[31m', times: 1, last: now - 2 * hour },
  ],
  counts: Object.fromEntries(
    refusalReasons.map((reason) => [reason, reason === 'login' ? 13 : 0]),
  ) as RefusalsView['counts'],
});

export const madeDoctor = (): DoctorReport => ({
  tier: 'full',
  checks: [
    { name: 'kernel', ok: 'yes', text: 'Linux 6.12.48' },
    { name: 'other queues', ok: 'yes', text: 'nobody else holds packets in this network namespace' },
    {
      ...{
        name: 'packet sockets',
        ok: 'partly',
        text: 'packet sockets are not covered by the kernel here: no BPF LSM',
      },
      hint: 'A program with CAP_NET_RAW can send and receive frames below IP.',
    },
  ],
});
