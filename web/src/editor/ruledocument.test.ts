// The form and the text of a rule: what is written into one shows in the other, and comments stay.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ruleSchema } from '#model/rule.ts';
import { fields } from './fields.ts';
import {
  appEntries,
  appValue,
  fromLines,
  keyAt,
  readValues,
  toLines,
  withoutTest,
  withTest,
  withValue,
} from './ruledocument.ts';

const text = `# Builds need it.
name: npm # the client
action: allow
app: { script: "**/npm-cli.js" } # not node
to: registry.npmjs.org # ours
`;

test('there is a field for each key of the schema', () => {
  assert.deepEqual(Object.keys(fields).sort(), Object.keys(ruleSchema.shape).sort());
});

test('a value is changed, added and taken away, and no comment is lost', () => {
  const changed = withValue(withValue(text, 'to', ['registry.npmjs.org', '*.github.com']), 'port', 443);
  assert.equal(
    changed,
    `# Builds need it.
name: npm # the client
action: allow
app: { script: "**/npm-cli.js" } # not node
to: [ registry.npmjs.org, "*.github.com" ] # ours
port: 443
`,
  );
  assert.equal(withValue(withValue(changed, 'port', undefined), 'to', 'registry.npmjs.org'), text);
  assert.equal(withValue(text, 'action', 'drop'), text.replace('allow', 'drop'));
  assert.match(withValue(withValue(text, 'note', 'typed '), 'note', 'typed on'), /\nnote: typed on\n$/);
});

test('a text that is no map has no values, and says so', () => {
  for (const wrong of ['', '- a', 'name: [', 'a: *nothing']) assert.equal(readValues(wrong).readable, false, wrong);
  assert.deepEqual(readValues(text).values.to, 'registry.npmjs.org');
});

test('the field of a line is the key whose value it is in', () => {
  const long = `name: a\nto:\n  - x\n  - y\nport: 1\n`;
  assert.deepEqual(
    [1, 2, 4, 5].map((line) => keyAt(long, line)),
    ['name', 'to', 'to', 'port'],
  );
});

test('lines are values and values lines', () => {
  assert.deepEqual(fromLines(' 443 \n\n8000-8999', true), [443, '8000-8999']);
  assert.equal(fromLines('\n', true), undefined);
  assert.equal(fromLines('0755', false), '0755');
  assert.equal(toLines([443, 'x']), '443\nx');
});

test('an app that is only a path is text', () => {
  assert.deepEqual(appEntries(['/a', { package: 'curl' }]), [{ path: '/a' }, { package: 'curl' }]);
  assert.equal(appValue([{ path: '/a' }, { path: '' }]), '/a');
  assert.deepEqual(appValue([{ path: '/a', unit: 'x' }]), { path: '/a', unit: 'x' });
  assert.equal(appValue([{}]), undefined);
});

test('an attempt becomes a test, and goes again', () => {
  const tested = withTest(text, { to: '192.0.2.7:443', expect: 'allow' });
  assert.match(tested, /\ntests:\n {2}- \{ to: 192\.0\.2\.7:443, expect: allow \}\n$/);
  assert.equal(withoutTest(tested, 0), text);
  assert.equal(readValues(withoutTest(withTest(tested, { expect: 'drop' }), 0)).values.tests?.toString().length, 15);
});
