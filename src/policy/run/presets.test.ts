// The presets that come with Postern are whole, and what is wrong with one is said.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatDestination, parseDestination } from '../match/destination.ts';
import { readPreset } from './presets.ts';

const folder = join(import.meta.dirname, '../../../data/presets');
const files = readdirSync(folder).sort();
const page = readFileSync(join(import.meta.dirname, '../../../docs/presets.md'), 'utf8');

test('there is a preset for each of the common tools', () => {
  const wanted = ['apt', 'cargo', 'debian', 'docker', 'gem', 'git', 'github', 'go', 'npm', 'pip', 'ubuntu'];
  const missing = wanted.filter((name) => !files.includes(`${name}.yaml`));
  assert.deepEqual(missing, []);
});

for (const file of files) {
  test(`${file} is a preset, and says of each destination where it comes from`, () => {
    const text = readFileSync(join(folder, file), 'utf8');
    const preset = readPreset(text, join(folder, file));
    assert.ok(preset.ok, preset.ok ? '' : preset.error);
    const row = page.replace(/ +\|/g, ' |');
    assert.ok(row.includes(`| \`@${preset.value.name}\` | ${preset.value.brief} |`), 'docs/presets.md has it');
    for (const destination of preset.value.allow) {
      const parsed = parseDestination(destination);
      assert.ok(parsed.ok);
      assert.equal(formatDestination(parsed.value), destination);
      assert.equal(parsed.value.place.type, 'name');
    }
    const lines = text.split('\n');
    const first = lines.findIndex((line) => line.startsWith('  - '));
    assert.match(lines[first - 1] ?? '', /^ {2}# /, 'a comment stands above the first destination');
    assert.match(text, /# .*https:\/\/\S+/, 'the documentation is named');
  });
}

const preset = (more: string) => `name: x\nbrief: For a test.\nallow:\n${more}`;
const cases: readonly (readonly [string, string, string, RegExp])[] = [
  ['no YAML', 'name: [', 'x.yaml', /^x\.yaml: not YAML/],
  ['nothing', '', 'x.yaml', /^x\.yaml: the preset: /],
  ['an unknown key', preset('  - a.example:1\ndeny: []\n'), 'x.yaml', /deny/],
  ['no destination', 'name: x\nbrief: y\nallow: []\n', 'x.yaml', /^x\.yaml: allow: /],
  ['another name', preset('  - a.example:1\n'), 'dir/y.yaml', /^dir\/y\.yaml: the preset x belongs in x\.yaml$/],
  ['no place', preset('  - nowhere\n'), 'x.yaml', /^x\.yaml: allow: "nowhere" is no address/],
  ['no port', preset('  - a.example\n'), 'x.yaml', /write a place and its port/],
  ['everywhere', preset('  - any:443\n'), 'x.yaml', /write a place and its port/],
  ['the same twice', preset('  - a.example:1\n  - a.example:1\n'), 'x.yaml', /stands there twice/],
  ['a name that is a path', preset('  - a.example:1\n').replace('name: x', 'name: ../x'), 'x.yaml', /^x\.yaml: name: /],
];

for (const [what, text, file, error] of cases) {
  test(`refused: ${what}`, () => {
    const read = readPreset(text, file);
    assert.ok(!read.ok);
    assert.match(read.error, error);
  });
}
