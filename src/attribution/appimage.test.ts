import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appImagePath } from './appimage.ts';

const ancestors = ['/usr/bin/bash', '/home/a/Tool.AppImage', '/opt/Tool.AppImage', '/usr/bin/gnome-shell'];

test('the mount has the name of the nearest ancestor that is such a file', () => {
  assert.equal(appImagePath('Tool.AppImage', ancestors), '/home/a/Tool.AppImage');
  assert.equal(appImagePath('/home/a/Tool.AppImage', ancestors), '/home/a/Tool.AppImage');
});

test('a mount named like an AppImage that did not start the program says nothing', () => {
  assert.equal(appImagePath('Bank.AppImage', ancestors), undefined);
  assert.equal(appImagePath('ool.AppImage', ancestors), undefined);
  assert.equal(appImagePath('Tool.AppImage', []), undefined);
});

test('no mount, no AppImage', () => {
  assert.equal(appImagePath(null, ancestors), null);
  assert.equal(appImagePath(undefined, ancestors), undefined);
});
