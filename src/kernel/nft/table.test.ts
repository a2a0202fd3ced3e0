import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefix } from '#model/net/address.ts';
import type { KernelRule } from '#policy/index.ts';
import { assertGolden } from '../../../test/golden.ts';
import { copyPrefix, parseCopyPrefix, renderKernelRules } from './kernelrules.ts';
import { conntrackMask, marksAt } from './marks.ts';
import { renderObserveTable } from './observetable.ts';
import { type ChainPrograms, renderRules, renderTable, type TablePlan } from './table.ts';

const prefix = (text: string) => {
  const parsed = parsePrefix(text);
  if ('error' in parsed) throw new Error(parsed.error);
  return parsed;
};

const rules: readonly KernelRule[] = [
  { name: 'noinet', action: 'reject', direction: 'out', gids: [1001] },
  {
    name: 'web',
    action: 'allow',
    direction: 'out',
    protocols: [6],
    ports: [
      [443, 443],
      [8000, 8999],
      [8100, 9100],
    ],
  },
  {
    name: 'lan',
    action: 'allow',
    direction: 'out',
    remote: [prefix('10.0.0.0/8'), prefix('10.1.0.0/16'), prefix('fd00::/8')],
  },
  {
    name: 'ssh',
    action: 'drop',
    direction: 'in',
    protocols: [6],
    ports: [[22, 22]],
    notRemote: [prefix('192.168.0.0/16')],
  },
  { name: 'ping', action: 'allow', direction: 'in', protocols: [1], icmpTypes: [8], interfaces: ['eth0'] },
];

const plan: TablePlan = {
  failMode: 'known',
  forward: true,
  marks: marksAt(),
  queueNumber: 20559,
  queue: 'native',
  kernelRules: renderKernelRules(rules, 7, 'known'),
};

test('the enforcing table', () => assertGolden('nft/enforce.nft', renderTable(plan, '0123456789abcdef')));
test('the observing table queues nothing and has no ct expression', () => {
  const text = renderObserveTable({ names: true });
  assertGolden('nft/observe.nft', text);
  for (const one of [text, renderObserveTable({ names: false })]) {
    assert.doesNotMatch(one, /\bct\b|\bqueue\b|\bdrop\b|\breject\b|\bNFQUEUE\b/);
  }
});
test('the exchange of rules', () => assertGolden('nft/rules.nft', renderRules(plan)));

test('without forward, no chain has a hook there', () => {
  assert.doesNotMatch(renderTable({ ...plan, forward: false }, 'x'), /hook forward/);
});

test('what name servers are asked and answer is copied where no program of the kernel does it', () => {
  const programs = { build: 'x', passed: { output: 1, input: 2 }, fds: {}, guest: 6 } as unknown as ChainPrograms;
  const count = (text: string) => [...text.matchAll(/log group 20560\b/g)].length;
  assert.equal(count(renderTable(plan, 'x')), 2);
  assert.equal(count(renderTable({ ...plan, programs }, 'x')), 0);
  assert.equal(count(renderObserveTable({ names: true })), 2);
  assert.equal(count(renderObserveTable({ names: false })), 0);
});

test('without programs questions that a rule of the kernel allows wait for their program, and pass without a gate', () => {
  const programs = { build: 'x', passed: { output: 1, input: 2 }, fds: {}, guest: 6 } as unknown as ChainPrograms;
  const text = renderTable(plan, 'x');
  const question = '{ tcp, udp } th dport 53 goto questions_output';
  assert.ok(text.includes(`chain passed_output {\n    meta l4proto ${question}\n    ct state`));
  assert.ok(text.includes('chain questions_output {\n    counter name queued queue num 20559 bypass\n  }'));
  assert.equal(text.split(question).length, 2, 'nowhere else');
  const again = 'ct direction original udp dport 53 return';
  assert.ok(text.includes(`chain judged_output {\n    ${again}\n    ct direction original ct mark`));
  assert.ok(renderRules(plan).includes(`judged_output ${again}\n`));
  assert.ok(renderRules(plan).includes(`passed_output meta l4proto ${question}\n`));
  for (const plain of [renderTable({ ...plan, programs }, 'x'), renderRules({ ...plan, programs })]) {
    assert.ok(!plain.includes(again));
    assert.ok(!plain.includes(question));
  }
});

test('where rules ask for names, what a connection sends is queued until enough was heard, and nobody hears what a rule of nft lets pass', () => {
  const begun =
    'ct direction original ct mark and 0x11000000 == 0x1000000 tcp flags & (syn | rst) == 0x0 jump queue_output';
  const text = renderTable({ ...plan, listens: true }, 'x');
  assert.ok(text.includes(`chain judged_output {\n    ${begun}\n`));
  assert.ok(renderRules({ ...plan, listens: true }).includes(`judged_output ${begun}\n`));
  const passes = 'ct state != untracked ct mark set ct mark or 0x10000000';
  assert.ok(
    text.includes(
      `chain passed_output {\n    meta l4proto { tcp, udp } th dport 53 goto questions_output\n    ${passes}\n    accept\n  }`,
    ),
  );
  for (const plain of [renderTable(plan, 'x'), renderRules(plan)]) assert.ok(!plain.includes(begun));
});

test('where programs are asked, what is forwarded for one of this machine does not meet rules that know no program', () => {
  const asked = { allowed: 3, rejected: 4, dropped: 5 };
  const programs = {
    build: 'x',
    passed: { output: 1, input: 2 },
    fds: { output: asked, loopback: asked, input: asked, forward: asked },
    guest: 6,
    listened: 7,
  };
  const text = renderTable({ ...plan, programs }, 'x');
  const chain = (name: string) =>
    new RegExp(`chain ${name} \\{\n([^}]*(?:\\{[^}]*\\}[^}]*)*)\n  \\}`).exec(text)?.[1] ?? '';
  const jumps = (name: string) => [...chain(name).matchAll(/^ *jump (\w+)$/gm)].map((found) => found[1]);
  assert.deepEqual(jumps('forward'), ['allowed_forward', 'guests_forward', 'kernel_forward', 'queue_forward']);
  assert.deepEqual(jumps('guest_forward'), ['refused_forward', 'queue_forward']);
  assert.doesNotMatch(renderTable({ ...plan, programs, forward: false }, 'x'), /_forward/);
});

test('fail mode closed lets the kernel allow nothing by itself', () => {
  const lines = renderKernelRules(rules, 7, 'closed').output.join('\n');
  assert.doesNotMatch(lines, /accept/);
  assert.match(lines, /skgid \{ 1001 \} goto refuse/);
});

test('an interface name that could end its quotes ends the chain', () => {
  const hostile: KernelRule = { name: 'x', action: 'reject', direction: 'out', interfaces: ['a" accept'] };
  assert.deepEqual(renderKernelRules([hostile, ...rules], 7, 'known').output, []);
});

test('a copy names its rule, and only of its own revision', () => {
  assert.equal(parseCopyPrefix(copyPrefix(12, 3), 12), 3);
  assert.equal(parseCopyPrefix(copyPrefix(11, 3), 12), undefined);
  for (const text of ['', 'k12:', 'k12:3 ', 'x12:3', 'k12:-1', 'k12:99999999']) {
    assert.equal(parseCopyPrefix(text, 12), undefined);
  }
});

test('our bits are eight different ones, wherever they are put', () => {
  for (let packet = 0; packet <= 29; packet++) {
    const marks = marksAt(packet, packet % 28);
    assert.equal(new Set([marks.reject, marks.drop, marks.confined]).size, 3);
    const mask = conntrackMask(marks);
    assert.equal([...mask.toString(2)].filter((bit) => bit === '1').length, 5);
  }
});
