// The manual says what the program says: each command and flag of the help, each key of a rule file; and it renders.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { appSchema, ruleSchema } from '#model/rule.ts';
import { readSource, root } from './sources.ts';

const pages = ['docs/man/postern.1', 'docs/man/postern-rules.5', 'docs/man/postern-agent.1'] as const;

/** The help of each command line, from one process. */
function helps(lines: readonly (readonly string[])[]): string[] {
  const program = `
    const { runCli } = await import(${JSON.stringify(join(root, 'src/cli/main.ts'))});
    for (const line of ${JSON.stringify(lines)}) {
      await runCli([...line, '--help'], {}, '0');
      process.stdout.write('\\0');
    }`;
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module'];
  const ran = spawnSync(process.execPath, [...flags, '-e', program], { cwd: root, encoding: 'utf8' });
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stdout.split('\0').slice(0, -1);
}

function commandsIn(help: string): string[] {
  const listed = help.slice(help.indexOf('\nCOMMANDS\n') + 10);
  return [...listed.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map((found) => found[1] ?? '');
}

const [top = '', rule = ''] = helps([[], ['rule']]);
const lines = [
  ...commandsIn(top)
    .filter((name) => name !== 'rule')
    .map((name) => [name]),
  ...commandsIn(rule).map((name) => ['rule', name]),
];
const flags = new Set(
  helps(lines).flatMap((help) => [...help.matchAll(/^.{0,7}\[?--([a-z][a-z0-9-]+)/gm)].map((found) => found[1] ?? '')),
);

/** How a page names a command at the place where it explains it. */
const places = {
  'docs/cli.md': (name: string) => new RegExp(`(^### |\`)postern ${name}\\b`, 'm'),
  'docs/man/postern.1': (name: string) => new RegExp(`^\\.(B|BI) "?${name}\\b`, 'm'),
} as const;

for (const [path, place] of Object.entries(places)) {
  test(`${path} has every command and every flag`, () => {
    assert.ok(lines.length > 20 && flags.size > 40, 'the help was read');
    const text = readSource(path).text.replaceAll('\\-', '-');
    const commands = lines.map((line) => line.join(' ')).filter((name) => !place(name).test(text));
    assert.deepEqual(commands, []);
    // `run` has --network only to say --no-network.
    assert.deepEqual(
      [...flags].filter((name) => name !== 'network' && !new RegExp(`--${name}(?![a-z-])`).test(text)),
      [],
    );
  });
}

test('the manual of rule files has every key', () => {
  const text = readSource(pages[1]).text.replaceAll('\\-', '-');
  const keys = Object.keys(ruleSchema.shape);
  const appKeys = appSchema.options.flatMap((option) => ('shape' in option ? Object.keys(option.shape) : []));
  assert.ok(keys.length > 15 && appKeys.length > 8, 'the schema was read');
  const missing = [...keys, ...appKeys].filter((key) => !new RegExp(`^\\.[BIR]+ .*\\b${key}\\b`, 'm').test(text));
  assert.deepEqual(missing, []);
});

test('the manual pages render without a warning', (context) => {
  for (const path of pages) {
    const ran = spawnSync('man', ['-l', '--warnings', '-E', 'UTF-8', path], { cwd: root, encoding: 'utf8' });
    if ((ran.error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
      context.skip('the program man is not installed (apt install man-db)');
      return;
    }
    assert.deepEqual([ran.status, ran.stderr], [0, '']);
    assert.match(ran.stdout, /SEE ALSO/);
  }
});

/** Examples of a page or of a help: what stands behind the prompt, up to what only the shell reads. */
function examplesIn(text: string): string[] {
  const found = text.matchAll(/^ *(?:\w*\$ )?(?:sudo )?postern ((?!up\b|run\b|is\b)[a-z].*)$/gm);
  return [...found]
    .map(([, line = '']) => line.replace(/"\$\(.*\)"/, 'a'.repeat(64)).split(/ [|&>]| {2}/)[0] ?? '')
    .filter((line) => !/\[|…|[A-Z]{3}/.test(line));
}

/** The words of a line as a shell would have them; this process stands for any other. */
function wordsOf(line: string): string[] {
  const plain = line.replace('--pid 4711', `--pid ${process.pid}`);
  return [...plain.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
}

test('each example in the pages and in the help is a command line that is understood', () => {
  const texts = ['README.md', 'docs/cli.md', 'docs/rules.md', ...pages].map((path) => readSource(path).text);
  const own = helps(lines).map((help) => help.slice(help.search(/^\s*Examples?:/m)));
  const examples = [...new Set([...texts, ...own].flatMap((text) => examplesIn(text.replaceAll('\\-', '-'))))];
  assert.ok(examples.length > 40, `${examples.length} examples were found`);
  const program = `
    const { runCli } = await import(${JSON.stringify(join(root, 'src/cli/main.ts'))});
    const none = async () => 0;
    const injected = { up: none, top: none, agent: none, doctor: async () => ({ tier: 'full', checks: [] }) };
    const wrong = [];
    for (const words of ${JSON.stringify(examples.map(wordsOf))}) {
      if ((await runCli(words, injected, '0')) === 2) wrong.push(words.join(' '));
    }
    process.stdout.write('\\0' + JSON.stringify(wrong));`;
  const ran = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
    {
      ...{ cwd: root, encoding: 'utf8', input: '' },
      env: { ...process.env, POSTERN_RUNTIME_DIR: '/nonexistent' },
    },
  );
  assert.equal(ran.status, 0, ran.stderr);
  assert.deepEqual(JSON.parse(ran.stdout.split('\0').at(-1) ?? ''), [], ran.stderr);
});
