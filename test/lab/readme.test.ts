// The examples of the README, as they are printed there: each is run, and what it prints is what the page says.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { Lab, type Postern } from './lab.ts';

const root = join(import.meta.dirname, '../..');
/** The users and the group of the page, and those of the lab that stand for them. */
const accounts = { vagrant: 'pt-vagrant', alice: 'pt-other', noinet: 'pt-noinet' } as const;

interface Example {
  /** Whose prompt it is; undefined: `$`. */
  readonly user: string | undefined;
  readonly command: string;
  /** The lines that the page prints below it. */
  readonly printed: readonly string[];
}

function inLab(text: string): string {
  return Object.entries(accounts).reduce(
    (line, [name, own]) => line.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), own),
    text,
  );
}

/** Without what differs each time: times, durations, numbers of rules and users, ids of questions, widths of columns. */
function constant(line: string): string {
  return line
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/, 'DATE')
    .replace(/^\d\d:\d\d:\d\d/, 'TIME')
    .replace(/\b\d+(\.\d+)? ms\b/, 'N ms')
    .replace(/\b\d+ rules of which the kernel holds \d+/, 'N rules of which the kernel holds N')
    .replace(/\(socket \S+\)/, '(socket)')
    .replace(/\buser \d+\b/, 'user N')
    .replace(/\b\d+ s\b/, 'N s')
    .replace(/\b[a-z0-9]{6,}-\d+\b/, 'ID')
    .replace(/ {2,}/g, '  ');
}

/** The examples in the block that has this command. */
function examplesWith(command: string): Example[] {
  const blocks = readFileSync(join(root, 'README.md'), 'utf8')
    .split('```')
    .filter((_, index) => index % 2 === 1);
  const block = blocks.find((text) => text.includes(command));
  assert.ok(block !== undefined, `README.md has an example with ${command}`);
  const examples: { user: string | undefined; command: string; printed: string[] }[] = [];
  for (const line of inLab(block).split('\n')) {
    const prompt = /^(\S*)\$ (.*)$/.exec(line);
    if (prompt !== null) examples.push({ user: prompt[1] || undefined, command: prompt[2] ?? '', printed: [] });
    else if (line !== '') examples.at(-1)?.printed.push(line);
  }
  return examples;
}

describe('README', () => {
  let lab: Lab;
  let postern: Postern;
  let programs: string;

  before(async () => {
    lab = await Lab.create();
    for (const name of [accounts.vagrant, accounts.alice]) lab.account(name);
    lab.group(accounts.noinet, accounts.vagrant);
    programs = lab.folder;
    writeFileSync(join(programs, 'postern'), `#!/bin/sh\nexec ${root}/bin/postern "$@"\n`);
    chmodSync(join(programs, 'postern'), 0o755);
  });
  afterEach(() => postern?.stop());
  after(() => lab.close());

  const run = (command: string, user: string | undefined) =>
    lab.run(
      [
        'env',
        `PATH=${programs}:${process.env.PATH}`,
        `POSTERN_RUNTIME_DIR=${postern.folder}/run`,
        ...['LC_ALL=C', 'sh', '-c', `${command.replace(/^sudo /, '')} 2>&1`],
      ],
      user === undefined ? {} : { user },
    );

  /** Runs the examples one after the other; what the page prints must come among what they print, in its order where the kernel tells. */
  async function follow(examples: readonly Example[], change = (text: string) => text): Promise<void> {
    const kernelTells = await postern.decidesInKernel();
    // What nft decides by itself is only copied: without eBPF a ping that is over at once may not be found any more, and is
    // written down when it was looked for long enough.
    const goneAtOnce = (line: string) => (kernelTells ? line : line.replace(' ping (', ' an unknown program ('));
    for (const { user, command, printed } of examples) {
      const { stdout } = await run(change(command), user);
      let left = stdout.split('\n').map(constant);
      for (const line of printed.map(constant)) {
        const at = left.findIndex((own) => own.includes(line) || own.includes(goneAtOnce(line)));
        assert.ok(at >= 0, `${command} prints "${line}" in README.md, and here:\n${stdout}`);
        left = kernelTells ? left.slice(at + 1) : left.toSpliced(at, 1);
      }
    }
  }

  test('the five examples, and the log of what was done', async () => {
    postern = await lab.postern({ mode: 'allow' });
    await follow(examplesWith('postern rule add log --user root'));
    await follow(examplesWith('postern rule add reject --protocol icmp'));
    await follow(examplesWith('postern rule add reject --group noinet'));
    const other = lab.spawn(['sleep', '60']);
    await follow(examplesWith('postern rule add reject --app /usr/bin/wget'), (text) =>
      text.replace('4711', String(other.pid)),
    );
    other.kill('SIGKILL');
    await follow(examplesWith('postern run --no-network'));
    const log = examplesWith('sudo postern log');
    await postern.until(async () => /wget/.test((await run('postern log', undefined)).stdout), 'the last row');
    await follow(log);
  });

  test('a question and its answer', async () => {
    postern = await lab.postern({ mode: 'ask', args: ['--hold', '120'] });
    const asking = lab.curl('http://192.0.2.2/', { user: accounts.alice, maxSeconds: 110 });
    const open = async () => (await run('postern prompts --json', undefined)).stdout;
    await postern.until(async () => /"id"/.test(await open()), 'the question');
    const [{ id }] = JSON.parse(await open()) as [{ id: string }];
    await follow(examplesWith('sudo postern prompts'), (text) => text.replace(/answer \S+/, `answer ${id}`));
    assert.equal((await asking).code, 0);
  });

  test('what script/up prints', async () => {
    postern = await lab.postern({ mode: 'observe' });
    const [{ printed }] = examplesWith('sudo script/up\npostern is ready') as [Example];
    for (const line of printed) {
      const said = () => postern.output.split('\n').some((own) => constant(own).includes(constant(line)));
      const [, program, user, address] = /^\S+ (\w+) \(([\w-]+)\) → ([\d.]+)/.exec(line) ?? [];
      const commands: Record<string, string> = {
        curl: `curl -s -o /dev/null http://${address}/`,
        wget: `wget -q -O /dev/null http://${address}/`,
        ping: `ping -c 2 -i 0.3 ${address}`,
      };
      await postern.until(async () => {
        if (program !== undefined) await run(commands[program] ?? 'false', user === 'root' ? undefined : user);
        return said();
      }, `"${line}"`);
    }
  });
});
