// A link that logs in leads to a view of the pages alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewAfterLogin } from './view.ts';

const origin = 'http://127.0.0.1:7878';
const to = (view: string) => viewAfterLogin(`?to=${encodeURIComponent(view)}`, origin);

test('a view of the pages is opened, with what stands behind its question mark', () => {
  assert.equal(to('/ask?why=prompt:m3x-7'), '/ask?why=prompt:m3x-7');
  assert.equal(viewAfterLogin('', origin), '/');
});

test('no link leads to another site, to code or back to the login', () => {
  for (const view of [
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example',
    '/\t/evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    '/login',
    '',
  ]) {
    const opened = to(view);
    assert.equal(new URL(opened, origin).origin, origin, view);
    assert.equal(opened, '/', view);
  }
});
