// One rule in its file: what is shown is what stands there, and an exchange touches nothing else.
import assert from 'node:assert/strict';
import test from 'node:test';
import { readRuleText, ruleTextIn, withRuleText } from './ruletext.ts';

const file = `# Ours.
rules:
  # Builds need it.
  # Asked for by Ann.
  - name: npm            # the client
    action: allow
    app: { script: "**/npm-cli.js" } # not node

    # only there
    to: [registry.npmjs.org,
         "*.github.com"]
    note: |
      Two
        lines
    # the end of npm

  - { name: flat, action: reject, to: 192.0.2.1 } # flat as it is
  # For the last one.
  -   name: wide
      action: drop
      to: lan
# The end.
disabled: [builtin-ntp]
`;

test('the text of a rule is what its file has, comments and all', () => {
  assert.equal(
    ruleTextIn(file, 'npm')?.text,
    `# Builds need it.
# Asked for by Ann.
name: npm            # the client
action: allow
app: { script: "**/npm-cli.js" } # not node

# only there
to: [registry.npmjs.org,
     "*.github.com"]
note: |
  Two
    lines
# the end of npm
`,
  );
  assert.deepEqual(ruleTextIn(file, 'flat'), {
    text: '{ name: flat, action: reject, to: 192.0.2.1 } # flat as it is\n',
    line: 17,
  });
  assert.equal(ruleTextIn(file, 'wide')?.text, '# For the last one.\nname: wide\naction: drop\nto: lan\n');
  assert.equal(ruleTextIn(file, 'nobody'), undefined);
  assert.equal(ruleTextIn('rules: [{ name: a, action: allow }]\n', 'a')?.text, '{ name: a, action: allow }\n');
});

test('a text put back as it was changes not one byte', () => {
  for (const name of ['npm', 'flat']) {
    assert.deepEqual(withRuleText(file, name, ruleTextIn(file, name)?.text ?? ''), { ok: true, value: file });
  }
});

test('another text takes the place of the rule, and every other line stays', () => {
  const changed = withRuleText(
    file,
    'npm',
    '# Now closed.\nname: npm\naction: reject\n# why\nto: registry.npmjs.org\n',
  );
  assert.ok(changed.ok);
  const lines = file.split('\n');
  const [head, tail] = [lines.slice(0, 2), lines.slice(15)];
  assert.equal(
    changed.value,
    [
      ...head,
      ...['  # Now closed.', '  - name: npm', '    action: reject', '    # why', '    to: registry.npmjs.org'],
      ...tail,
    ].join('\n'),
  );
});

test('a rule of a list in brackets is exchanged too', () => {
  const made = withRuleText(
    'rules: [{ name: a, action: allow }, { name: b, action: drop }] # mine\n',
    'a',
    'name: a\naction: ask\n',
  );
  assert.ok(made.ok);
  assert.match(made.value, /name: a\n\s+action: ask\n\s*- \{ name: b, action: drop \}/);
});

test('what is wrong is told by its line and column in the text', () => {
  const { rule, problems } = readRuleText('name: a\naction: allow\nport: [443, 99999x]\n');
  assert.equal(rule, undefined);
  assert.deepEqual(
    problems.map(({ line, column }) => [line, column]),
    [[3, 13]],
  );
  assert.match(readRuleText('name: [').problems[0]?.message ?? '', /not YAML/);
  assert.match(readRuleText('- name: a').problems[0]?.message ?? '', /./);
  assert.equal(readRuleText('').rule, undefined);
  assert.match(readRuleText('# nothing').problems[0]?.message ?? '', /./);
});

test('a text cannot become two rules, or anything else of the file', () => {
  for (const text of ['name: a\naction: allow\n- name: b\n  action: allow', 'name: a\naction: allow\n---\nname: b']) {
    assert.equal(readRuleText(text).rule, undefined, text);
  }
});
