// What people read of a question, and what its keys mean.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { PromptView } from '#model/api.ts';
import { firstAnswer, placeChoices } from './asking.ts';
import { headline, story } from './story.ts';

const remote = { address: '198.51.100.7', port: 443 };
const names = [
  { name: 'site.example', from: 'dns', domain: null },
  { name: 'www.example.com', from: 'sni', domain: 'example.com' },
] as const;

function view(more: Partial<PromptView> = {}): PromptView {
  return {
    ...{ id: 'k0-1', opened: 0, deadline: 1, flows: 1, packets: 1, rule: null, app: 'curl', user: 'alice', before: 0 },
    attempt: {
      process: { exe: '/usr/bin/curl' },
      flow: { protocol: 'tcp', remote },
      names: names.map(({ name, from }) => ({ name, from })),
    },
    ...{ names: [...names], lists: [], ...more },
  };
}

const flow = (more: object): PromptView['attempt'] => ({
  process: { exe: '/usr/bin/curl' },
  flow: { protocol: 'tcp', remote, ...more },
});

test('the headline says the name first, then the address, and how the name is known', () => {
  assert.equal(headline(view()), 'curl (alice) wants to reach site.example (198.51.100.7), port 443/tcp; known by DNS');
  assert.equal(headline(view({ names: [] })), 'curl (alice) wants to reach 198.51.100.7, port 443/tcp');
  const ping = view({ names: [], user: null, attempt: flow({ protocol: 'icmp', remote: { address: '192.0.2.1' } }) });
  assert.equal(headline(ping), 'curl wants to reach 192.0.2.1, icmp');
});

test('of what comes in and what is forwarded it says who begins', () => {
  const near = { address: '10.0.0.1', port: 22 };
  const incoming = view({ names: [], attempt: flow({ direction: 'in', local: near }) });
  assert.equal(headline(incoming), '198.51.100.7 wants to reach curl (alice), port 22/tcp');
  const { flow: forwarded } = flow({ direction: 'forward', local: near });
  assert.equal(
    headline(view({ user: null, attempt: { flow: forwarded } })),
    '10.0.0.1, which is forwarded, wants to reach site.example (198.51.100.7), port 443/tcp; known by DNS',
  );
});

test('the story has the other names, escaped, also those that no rule can ask for', () => {
  const prompt = view();
  prompt.attempt.names?.push({ name: 'a\u001b[2Jb', from: 'dns' });
  const lines = story(prompt);
  assert.ok(lines.includes('  also called: www.example.com (by its TLS hello), a\\x1b[2Jb (by DNS)'), lines.join('\n'));
  assert.ok(!story(view({ names: [], attempt: flow({}) })).some((line) => line.includes('also called')));
});

test('the story says which lists have it, and a key chooses one after the other', () => {
  const listed = view({
    lists: [
      { list: 'ads', name: 'site.example' },
      { list: 'bad', name: null },
    ],
  });
  assert.ok(story(listed).includes('  in lists:    ads (site.example), bad (its address)'));
  let answer = firstAnswer(listed);
  const chosen: (string | undefined)[] = [];
  for (const key of ['l', 'l', 'l', 'h']) {
    const choice = placeChoices(listed, answer).find((candidate) => candidate.key === key);
    assert.ok(choice, key);
    answer = choice.change(answer);
    chosen.push(answer.scope.list);
    assert.equal(answer.scope.name, undefined);
  }
  assert.deepEqual(chosen, ['ads', 'bad', 'ads', undefined]);
});

test('before anything is chosen the answer is for what is shown', () => {
  assert.deepEqual([firstAnswer(view()).scope.to, firstAnswer(view()).scope.name], ['name', 'site.example']);
  const bare = firstAnswer(view({ names: [] }));
  assert.deepEqual([bare.scope.to, bare.scope.name], ['destination', undefined]);
});

test('keys choose the name, its domain, the address, anywhere, and the next name', () => {
  const prompt = view();
  const press = (keys: string) => {
    let answer = firstAnswer(prompt);
    for (const key of keys) {
      const choice = placeChoices(prompt, answer).find((candidate) => candidate.key === key);
      assert.ok(choice, key);
      answer = choice.change(answer);
    }
    return [answer.scope.to, answer.scope.name];
  };
  assert.deepEqual(press('h'), ['destination', undefined]);
  assert.deepEqual(press('t'), ['any', undefined]);
  assert.deepEqual(press('tN'), ['name', 'site.example']);
  assert.deepEqual(press('i'), ['name', 'www.example.com']);
  assert.deepEqual(press('im'), ['domain', 'www.example.com']);
  assert.deepEqual(press('ii'), ['name', 'site.example']);
  const keys = (shown: PromptView) => placeChoices(shown, firstAnswer(shown)).map(({ key }) => key);
  assert.deepEqual(keys(prompt), ['N', 'h', 't', 'i'], 'site.example has no registered domain');
  assert.deepEqual(keys(view({ names: [] })), ['h', 't']);
});
