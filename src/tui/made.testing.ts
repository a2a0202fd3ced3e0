// A client of no daemon, for the tests of the terminal view: made-up connections and questions, and what was asked for.
import type { Client } from '#client/client.ts';
import type { EventView, LogLine, PromptView, Status } from '#model/api.ts';
import { ok } from '#std/result.ts';

export const hostileName = '/tmp/e\u001b[31mvil\u202e\n<b>';

export function madeLine(id: number, change: Partial<LogLine> = {}, exe = '/usr/bin/curl'): LogLine {
  const time = Date.now() - 5000 + id;
  return {
    ...{ id: `c-${id}`, sequence: id, time, lastTime: time, app: exe.slice(exe.lastIndexOf('/') + 1), user: 'alice' },
    ...{
      action: 'allow',
      enforced: true,
      rule: null,
      reason: 'mode',
      revision: 1,
      logged: [],
      evidence: ['bpf', 'dns'],
    },
    ...{ packets: 1, heldMs: 0, domain: 'example.com' },
    attempt: {
      process: { pid: 7, startTime: '9', exe, uid: 1000 },
      flow: { protocol: 'tcp', direction: 'out', remote: { address: '198.51.100.7', port: 443 } },
      names: [{ name: 'www.example.com', from: 'dns' }],
    },
    ...change,
  };
}

export function madeQuestion(id: string, exe = '/usr/bin/curl'): PromptView {
  const { attempt } = madeLine(1, {}, exe);
  return {
    ...{ id, app: exe.slice(exe.lastIndexOf('/') + 1), user: 'alice', before: 0, lists: [], opened: Date.now() },
    ...{ deadline: Date.now() + 30_000, flows: 1, packets: 1, rule: null, attempt },
    names: [{ name: 'www.example.com', from: 'dns', domain: 'example.com' }],
  };
}

export interface Made {
  readonly client: Client;
  readonly asked: string[];
  readonly lines: LogLine[];
  prompts: PromptView[];
  tell(type: string, data: unknown): void;
}

export function madeClient(): Made {
  let hear: ((event: EventView) => void) | undefined;
  let sequence = 1000;
  const status = {
    ...{ version: '0', mode: 'ask', pausedUntil: null, revertsAt: null, revertsTo: null, journal: { sequence: 0 } },
    gate: { kernelPath: { tier: 'btf' }, counters: {} },
  } as unknown as Status;
  const made: Made = {
    ...{ asked: [], lines: [], prompts: [] },
    client: {
      ask: async (method: string, path: string, body?: unknown) => {
        if (path === '/status') return ok(status);
        if (path === '/prompts') return ok(made.prompts);
        if (path.startsWith('/connections')) return ok(made.lines.toReversed());
        made.asked.push(`${method} ${path}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`);
        if (path === '/rules') return ok(method === 'GET' ? [] : { rules: [], pending: null });
        if (path === '/explain') return ok({ action: 'ask', rule: null, by: 'mode', revision: 3, trace: [] });
        if (path === '/undo') return ok({ undone: { user: 'alice', what: 'added rule "x"' }, pending: null });
        return ok({ ...status, rules: [], pending: null });
      },
      follow: (listener: (event: EventView) => void, _after: number, signal: AbortSignal) => {
        hear = listener;
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve(ok(undefined))));
      },
    } as unknown as Client,
    tell: (type, data) => {
      sequence += 1;
      hear?.({ sequence, time: Date.now(), type, data });
    },
  };
  return made;
}
