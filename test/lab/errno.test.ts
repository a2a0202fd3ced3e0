// What a call fails with is the rule's to say, where the kernel refuses it in the call.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Status } from '#model/api.ts';
import type { Explanation } from '#model/decision.ts';
import { Lab } from './lab.ts';
import { world } from './namespaces.ts';

const caller = `import socket, sys
print('ready', flush=True)
for line in sys.stdin:
    kind, port = line.split()
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == 'udp' else socket.SOCK_STREAM); s.settimeout(15)
    try:
        if kind == 'udp': s.sendto(b'x', ('${world.v4}', int(port)))
        else: s.connect(('${world.v4}', int(port)))
        print(0, flush=True)
    except OSError as e: print(e.errno, flush=True)
    s.close()`;

test('a rule chooses the error of its refusals, and without a choice it is EPERM', async (context) => {
  const lab = await Lab.create();
  context.after(() => lab.close());
  const postern = await lab.postern({
    mode: 'lockdown',
    rules: {
      '10.yaml': `rules:
  - { name: unreachable, action: reject, app: /usr/bin/python3*, port: [80, 7007], errno: EHOSTUNREACH }
  - { name: plain, action: reject, app: /usr/bin/python3*, port: 443 }
`,
    },
  });
  const talker = lab.talker(['/usr/bin/python3', '-c', caller]);
  context.after(() => talker.end());
  assert.equal(await talker.next(), 'ready');
  const { gate } = await postern.json<Status>(['status']);
  if (gate?.kernelPath.tier === 'btf') {
    for (const [words, errno] of [
      ['tcp 80', '113'],
      ['udp 7007', '113'],
      ['tcp 443', '1'],
    ] as const) {
      await postern.until(async () => (await talker.say(words)) === errno, `${words} failing with ${errno}`);
      for (let again = 0; again < 3; again++) assert.equal(await talker.say(words), errno);
    }
  } else {
    // A reset.
    for (let again = 0; again < 3; again++) assert.equal(await talker.say('tcp 80'), '111');
  }
  const said = await postern.cli(['explain', '--app', '/usr/bin/python3.11', '--to', `${world.v4}:80`, '--json']);
  const explained = JSON.parse(said.stdout) as Explanation;
  assert.deepEqual([explained.rule, explained.errno], ['unreachable', 'EHOSTUNREACH']);
  const wrong = await postern.cli(['rule', 'add', 'drop', '--port', '81', '--errno', 'EACCES']);
  assert.match(wrong.stderr, /makes no call fail/);
  const right = await postern.cli(['rule', 'add', 'reject', '--port', '81', '--errno', 'EACCES', '--name', 'closed']);
  assert.equal(right.code, 0, right.stderr);
  assert.match(right.stdout, /with EACCES/);
  const edited = await postern.cli(['rule', 'edit', 'closed', '--action', 'drop']);
  assert.equal(edited.code, 0, edited.stderr);
  await postern.stop();
});
