// Programs that ran before Postern watched: a rule may refuse them, whatever they are, until they begin again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RuleView } from '#model/api.ts';
import { kernelPath, Lab, type Talker } from './lab.ts';
import { world } from './namespaces.ts';

const caller = `import socket, sys
print('ready', flush=True)
for line in sys.stdin:
    s = socket.socket(); s.settimeout(15)
    print(s.connect_ex(('${world.v4}', 80)), flush=True)
    s.close()`;

test('what ran before is refused where a rule says so, and the same program begun since is not', async (context) => {
  const lab = await Lab.create();
  context.after(() => lab.close());
  const begin = async (): Promise<Talker> => {
    const talker = lab.talker(['/usr/bin/python3', '-c', caller]);
    assert.equal(await talker.next(), 'ready');
    return talker;
  };
  const earlier = await begin();
  const postern = await lab.postern({
    mode: 'lockdown',
    rules: {
      '10.yaml':
        'rules: [{ name: python, action: allow, app: /usr/bin/python3* }, { name: old, action: reject, seeded: true }]',
    },
  });
  const later = await begin();
  // Without eBPF nothing says who ran before.
  const refused = kernelPath === 'none' ? ['0'] : ['1', '111'];
  for (let round = 0; round < 3; round++) {
    assert.ok(refused.includes(await earlier.say('connect')));
    assert.equal(await later.say('connect'), '0');
  }
  const added = await postern.cli(['rule', 'add', 'allow', '--seeded', '--port', '80', '--priority', '20']);
  assert.equal(added.code, 0, added.stderr);
  await postern.until(async () => (await earlier.say('connect')) === '0', 'the exception');
  const shown = (await postern.json<RuleView[]>(['rules'])).find(({ name }) => name === 'old');
  assert.match(shown?.text ?? '', /that ran before Postern/);
  await postern.stop();
});
