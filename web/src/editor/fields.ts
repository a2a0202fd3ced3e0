// The fields of the form for a rule: one for each key of the schema, so that a new key without a field does not compile.
import type { RuleText } from '#model/rule.ts';

export type RuleKey = keyof RuleText;

export type Kind =
  /** One value a line; numbers where they are ones. */
  | { readonly type: 'lines'; readonly numbers?: true }
  | { readonly type: 'text' }
  | { readonly type: 'number' }
  | { readonly type: 'switch' }
  | { readonly type: 'one'; readonly of: readonly string[] }
  | { readonly type: 'some'; readonly of: readonly string[] }
  | { readonly type: 'app' | 'tests' };

export interface Field {
  readonly label: string;
  readonly hint: string;
  readonly group: 'what' | 'who' | 'where' | 'more' | 'tests';
  readonly kind: Kind;
}

const lines = { type: 'lines' } as const;
const ids = { type: 'lines', numbers: true } as const;

export const fields: Readonly<Record<RuleKey, Field>> = {
  name: { label: 'Name', hint: '', group: 'what', kind: { type: 'text' } },
  action: {
    ...{ label: 'Action', hint: '', group: 'what' },
    kind: { type: 'one', of: ['allow', 'reject', 'drop', 'ask', 'log'] },
  },
  note: { label: 'Note', hint: 'why there is this rule', group: 'what', kind: { type: 'text' } },
  app: { label: 'App', hint: 'any', group: 'who', kind: { type: 'app' } },
  ancestor: { label: 'Started by', hint: '/usr/bin/code', group: 'who', kind: lines },
  args: { label: 'Arguments', hint: '* --insecure *', group: 'who', kind: lines },
  user: { label: 'User', hint: 'any; a name or a number', group: 'who', kind: ids },
  group: { label: 'Group', hint: 'any', group: 'who', kind: ids },
  'supplementary-group': { label: 'Member of group', hint: 'any', group: 'who', kind: ids },
  cgroup: { label: 'Control group', hint: '/system.slice/…', group: 'who', kind: lines },
  label: { label: 'Security label', hint: 'any', group: 'who', kind: lines },
  seeded: { label: 'Ran before Postern watched', hint: '', group: 'who', kind: { type: 'switch' } },
  direction: { label: 'Direction', hint: '', group: 'where', kind: { type: 'some', of: ['out', 'in', 'forward'] } },
  to: { label: 'To', hint: 'any; example.com, .example.com, 10.0.0.0/8, lan, list:NAME', group: 'where', kind: lines },
  from: { label: 'From', hint: 'any; of what comes in', group: 'where', kind: lines },
  port: { label: 'Port', hint: 'any; 443, 8000-8999', group: 'where', kind: ids },
  protocol: { label: 'Protocol', hint: 'any; tcp, udp, icmp …', group: 'where', kind: ids },
  'icmp-type': { label: 'ICMP type', hint: 'any; 8', group: 'where', kind: ids },
  'name-from': {
    ...{ label: 'Name known by', hint: '', group: 'where' },
    kind: { type: 'some', of: ['dns', 'resolved', 'http', 'sni', 'quic'] },
  },
  interface: { label: 'Interface', hint: 'any; eth0', group: 'where', kind: lines },
  network: { label: 'Own network', hint: 'any; 192.168.1.0/24', group: 'where', kind: lines },
  profile: { label: 'Profile', hint: 'any; home, work, public', group: 'where', kind: lines },
  'known-network': { label: 'Known network', hint: 'any; its name', group: 'where', kind: lines },
  priority: { label: 'Priority', hint: 'not said; fences have 10', group: 'more', kind: { type: 'number' } },
  until: { label: 'Until', hint: '2026-12-31', group: 'more', kind: { type: 'text' } },
  errno: {
    ...{ label: 'Fails with', hint: '', group: 'more' },
    kind: {
      type: 'one',
      of: [
        ...['EPERM', 'EACCES', 'ENETDOWN', 'ENETUNREACH', 'ETIMEDOUT', 'ECONNREFUSED'],
        ...['EHOSTDOWN', 'EHOSTUNREACH'],
      ],
    },
  },
  log: { label: 'Mark in the log', hint: '', group: 'more', kind: { type: 'switch' } },
  enabled: { label: 'Switched on', hint: '', group: 'more', kind: { type: 'switch' } },
  tests: { label: 'Tests', hint: '', group: 'tests', kind: { type: 'tests' } },
};

export const groups = [
  { key: 'what', title: 'What' },
  { key: 'who', title: 'Who' },
  { key: 'where', title: 'Where' },
  { key: 'more', title: 'More' },
] as const satisfies readonly { key: Field['group']; title: string }[];

/** What the app may be known by, in the words of the files. */
export const appKinds = [
  { key: 'path', label: 'Path', hint: '/usr/bin/curl, or a glob' },
  { key: 'script', label: 'Script', hint: '**/npm-cli.js' },
  { key: 'package', label: 'Package', hint: 'curl' },
  { key: 'sha256', label: 'SHA-256', hint: '64 hex digits' },
  { key: 'unit', label: 'Unit', hint: 'nginx.service' },
  { key: 'container', label: 'Container', hint: 'its id or name' },
  { key: 'flatpak', label: 'Flatpak', hint: 'org.mozilla.firefox' },
  { key: 'snap', label: 'Snap', hint: 'firefox' },
  { key: 'appimage', label: 'AppImage', hint: '/opt/x.AppImage' },
] as const;
