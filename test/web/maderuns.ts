// A made-up command that is confined, with words that would be code anywhere but in text.
import type { RunReport, RunView } from '#model/run/run.ts';

export function madeRun(now: number): RunView {
  return {
    id: 'k3f9',
    command: ['npm', 'ci', '<img src=x onerror=alert(1)>'],
    user: 'alice',
    started: now - 61_000,
    ended: null,
    ask: false,
    dns: 'stub',
    strict: false,
  };
}

export function madeRunReport(now: number): RunReport {
  const line = { app: 'node', direction: 'out', protocol: 'tcp', port: 443, bytesOut: 0, bytesIn: 0 } as const;
  const times = { times: 3, first: now - 60_000, last: now - 1000 };
  return {
    ...madeRun(now),
    lines: [
      {
        ...line,
        ...times,
        action: 'allow',
        rule: 'run k3f9: allow registry.npmjs.org:443',
        to: 'registry.npmjs.org',
        address: '192.0.2.7',
      },
      {
        ...line,
        ...times,
        action: 'reject',
        rule: 'run k3f9: nothing else',
        to: '203.0.113.66',
        address: '203.0.113.66',
      },
    ],
    questions: [{ name: 'evil.example', type: 'A', refused: 'name', times: 2 }],
    services: [
      {
        ...times,
        service: 'docker',
        socket: '/run/docker.sock',
        action: 'allow',
        by: 'file',
        does: 'starts containers',
      },
    ],
    servicesUnseen: null,
    proposals: [],
    left: 2,
    leftOut: 0,
  };
}
