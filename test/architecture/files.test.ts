// The shape of the sources: small files, small folders, one noun each, and the words of the vocabulary.
import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { filesBelow, isTest, pageSources, productSources, readSource } from './sources.ts';

const maxLines = 500;
const maxFiles = 12;

test(`no file has more than ${maxLines} lines`, () => {
  const long = ['src', 'web', 'test', 'bench']
    .flatMap(filesBelow)
    .filter((path) => /\.(tsx?|css)$/.test(path))
    .map((path) => ({ path, lines: readSource(path).text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > maxLines)
    .map(({ path, lines }) => `${path}: ${lines}`);
  assert.deepEqual(long, []);
});

test(`no folder of the product has more than ${maxFiles} files`, () => {
  const counts = new Map<string, number>();
  for (const path of [...filesBelow('src'), ...filesBelow('web/src')]) {
    if (!/\.tsx?$/.test(path) || isTest(path)) continue;
    counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  }
  const full = [...counts].filter(([, count]) => count > maxFiles).map(([folder, count]) => `${folder}: ${count}`);
  assert.deepEqual(full, []);
});

test('no file, folder or class is named for having no name', () => {
  const bad = /util|helper|manager|misc/i;
  const paths = ['src', 'web', 'test', 'bench', 'docs', 'script', 'bin']
    .flatMap(filesBelow)
    .filter((path) => bad.test(path));
  const classes = productSources().flatMap(({ path, text }) =>
    [...text.matchAll(/\b(?:class|interface|type) (\w+)/g)]
      .map((found) => found[1] ?? '')
      .filter((name) => bad.test(name))
      .map((name) => `${path}: ${name}`),
  );
  assert.deepEqual([...paths, ...classes], []);
});

test('each file says at its top what it is for', () => {
  const silent = [...productSources(), ...pageSources()]
    .filter(({ text }) => !/^(\/\/ .{10,}|\/\*)/.test(text))
    .map(({ path }) => path);
  assert.deepEqual(silent, []);
});

/**
 * What the things of the vocabulary are never called. Action, Engine, Result and LogLine are left out: they are names of
 * other things (what a rule does, the state machine, a value that may be an error, a line that `postern log` prints).
 */
const otherWords = [
  'Socket',
  'Stream',
  'Pid',
  'Binary',
  'Profile',
  'Host',
  'Guess',
  'Request',
  'Filter',
  'Popup',
  'Session',
  'Agent',
];

test('exported names use the words of the vocabulary', () => {
  const found = productSources().flatMap(({ path, text }) =>
    [...text.matchAll(/^export (?:declare )?(?:abstract )?(?:type|interface|class) (\w+)/gm)]
      .map((match) => match[1] ?? '')
      .filter((name) => otherWords.includes(name))
      .map((name) => `${path}: ${name}`),
  );
  assert.deepEqual(found, []);
});
