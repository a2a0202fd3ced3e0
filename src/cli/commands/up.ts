// postern up
import { buildCommand, numberParser } from '@stricli/core';
import { failModes, modes } from '#model/mode.ts';
import { type Context, defaultRuntimeDir, Ending, exits } from '../context.ts';
import { runtimeDirFlag } from '../flags.ts';
import { remoteDoor } from '../pages/remote.ts';

interface Flags {
  readonly configDir: string;
  readonly stateDir: string;
  readonly runtimeDir?: string;
  readonly mode?: (typeof modes)[number];
  readonly fail?: (typeof failModes)[number];
  readonly hold?: number;
  readonly forward: boolean;
  readonly cgroup?: string;
  readonly onlyRuns: boolean;
  readonly pages?: string;
  readonly pagesRemote?: string;
  readonly pagesName?: readonly string[];
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly kernelPath: 'auto' | 'bpf' | 'none';
  readonly resolvedMonitor?: string;
  readonly reset: boolean;
}

const folder = (brief: string, value: string) =>
  ({ kind: 'parsed', parse: String, brief, default: value, placeholder: 'D' }) as const;

const defaultPagesPort = 7878;

function pagesPort(text: string | undefined): number | null {
  if (text === undefined) return defaultPagesPort;
  if (text === 'off') return null;
  const port = Number(/^(?:127\.0\.0\.1|localhost):(\d{1,5})$/.exec(text)?.[1]);
  if (port <= 65_535) return port;
  throw new Ending(
    exits.usage,
    '--pages: must be 127.0.0.1:PORT, or off',
    'these are for browsers of this machine; for others, use ssh -L, or --pages-remote',
  );
}

export const upCommand = buildCommand<Flags, [], Context>({
  docs: {
    brief: 'Run Postern in the foreground',
    fullDescription:
      'Run Postern in the foreground, both processes, until Ctrl-C or SIGTERM, which take everything away again.\n' +
      'SIGHUP reads the rules and the certificate again. It prints a line that begins with "postern is ready" when its rules hold.\n\n' +
      'Examples:\n' +
      '  sudo postern up --mode observe          only watch: nothing is held or refused\n' +
      '  sudo postern up --mode ask              ask about what no rule decides\n' +
      '  sudo postern up --mode lockdown --fail closed\n' +
      '  sudo postern up --pages-remote 192.0.2.1:7443 --pages-name server.example.com\n' +
      '  sudo postern up --reset --mode off      take away what is left in the kernel, and end\n',
  },
  parameters: {
    flags: {
      configDir: folder('Folder with rules.d', '/etc/postern'),
      stateDir: folder('Folder for the journal', '/var/lib/postern'),
      runtimeDir: { ...runtimeDirFlag, brief: 'Folder for sockets (default /run/postern)' },
      mode: { kind: 'enum', values: modes, brief: 'Mode (default: the last one, at first observe)', optional: true },
      fail: {
        kind: 'enum',
        values: failModes,
        brief: 'What passes when nobody judges: all, nothing new, or what the kernel itself allows (default known)',
        optional: true,
      },
      hold: {
        kind: 'parsed',
        parse: numberParser,
        brief: 'Seconds a question waits, 1 to 120 (default 30)',
        optional: true,
        placeholder: 'S',
      },
      forward: { kind: 'boolean', brief: 'Judge forwarded flows too', default: false, withNegated: false },
      cgroup: {
        kind: 'parsed',
        parse: String,
        brief: 'Folder of the cgroup v2 hierarchy whose programs are judged in the kernel (default: all)',
        optional: true,
        placeholder: 'PATH',
      },
      onlyRuns: {
        kind: 'boolean',
        brief: 'Judge nothing but the commands of postern run, and end with the last of them',
        default: false,
        withNegated: false,
      },
      pages: {
        kind: 'parsed',
        parse: String,
        brief: `Where the pages are served: a port of 127.0.0.1, or off (default 127.0.0.1:${defaultPagesPort})`,
        optional: true,
        placeholder: '127.0.0.1:PORT|off',
      },
      pagesRemote: {
        kind: 'parsed',
        parse: String,
        brief:
          'Serve the pages to other machines too, with TLS and passwords: on this address of this machine (default: not)',
        optional: true,
        placeholder: 'ADDR:PORT|off',
      },
      pagesName: {
        kind: 'parsed',
        parse: String,
        brief: 'A name by which other machines call this one; several with commas, or several times',
        optional: true,
        variadic: ',',
        placeholder: 'NAME',
      },
      tlsCert: {
        kind: 'parsed',
        parse: String,
        brief: 'Certificate for that, in PEM, with those between it and its root (default: one is made)',
        optional: true,
        placeholder: 'FILE',
      },
      tlsKey: {
        kind: 'parsed',
        parse: String,
        brief: 'Its key, in PEM',
        optional: true,
        placeholder: 'FILE',
      },
      kernelPath: {
        kind: 'enum',
        values: ['auto', 'bpf', 'none'] as const,
        brief: 'eBPF programs in the kernel: where they load (auto), or else not start (bpf), or none',
        default: 'auto',
      },
      resolvedMonitor: {
        kind: 'parsed',
        parse: String,
        brief:
          "Socket of systemd-resolved's monitor, which tells names, or off (default: where systemd-resolved makes it)",
        optional: true,
        placeholder: 'PATH|off',
      },
      reset: {
        kind: 'boolean',
        brief:
          'First take away what a Postern that did not stop in order left in the kernel; with --mode off, only that',
        default: false,
        withNegated: false,
      },
    },
  },
  async func({ runtimeDir, fail: failMode, hold, pages, pagesRemote, pagesName, tlsCert, tlsKey, ...rest }) {
    if (hold !== undefined && !(Number.isInteger(hold) && hold >= 1 && hold <= 120)) {
      throw new Ending(exits.usage, '--hold: must be a whole number of seconds from 1 to 120');
    }
    const { resolvedMonitor } = rest;
    if (resolvedMonitor !== undefined && resolvedMonitor !== 'off' && !resolvedMonitor.startsWith('/')) {
      throw new Ending(exits.usage, '--resolved-monitor: must be a path that begins with /, or off');
    }
    const code = await this.injected.up({
      ...rest,
      runtimeDir: runtimeDir ?? process.env.POSTERN_RUNTIME_DIR ?? defaultRuntimeDir,
      failMode,
      holdSeconds: hold,
      pagesPort: pagesPort(pages),
      remote: remoteDoor({ at: pagesRemote, names: pagesName ?? [], cert: tlsCert, key: tlsKey }),
    });
    if (code !== exits.done) throw new Ending(code);
  },
});
