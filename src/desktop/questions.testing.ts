// Questions for the tests of the desktop.
import type { PromptView } from '#model/api.ts';

export function question(id: string, change: Partial<PromptView> = {}, exe = '/usr/bin/curl'): PromptView {
  return {
    ...{
      id,
      app: exe.slice(exe.lastIndexOf('/') + 1),
      user: 'alice',
      before: 0,
      lists: [],
      opened: 1000,
      deadline: 31_000,
    },
    ...{ flows: 1, packets: 1, rule: null },
    names: [{ name: 'www.example.com', from: 'dns', domain: 'example.com' }],
    attempt: {
      process: { pid: 7, startTime: '9', exe, uid: 1000 },
      flow: { protocol: 'tcp', direction: 'out', remote: { address: '198.51.100.7', port: 443 } },
      names: [{ name: 'www.example.com', from: 'dns' }],
    },
    ...change,
  };
}

export const byId = (...prompts: readonly PromptView[]): ReadonlyMap<string, PromptView> =>
  new Map(prompts.map((prompt) => [prompt.id, prompt]));
