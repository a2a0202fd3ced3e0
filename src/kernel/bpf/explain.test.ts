import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainLog } from './explain.ts';

test('of the verifier’s pages the words are left that tell why', () => {
  const lines = [
    "libbpf: prog 'on_exec': BPF program load failed: Invalid argument",
    "libbpf: prog 'on_exec': -- BEGIN PROG LOAD LOG --",
    '; process->parent = before ? before->parent : 0; @ identity.h:105',
    '284: (b7) r1 = 0                      ; R1=0',
    'same insn cannot be used with different pointers',
    'processed 3242 insns (limit 1000000) max_states_per_insn 4',
    '-- END PROG LOAD LOG --',
    "libbpf: failed to load object 'postern.btf.bpf.o'",
  ];
  assert.equal(
    explainLog(lines, 'EINVAL'),
    "EINVAL (prog 'on_exec': BPF program load failed: Invalid argument; same insn cannot be used with different pointers)",
  );
});

test('what is often the matter is said in words', () => {
  assert.match(explainLog([], 'EPERM'), /CAP_BPF/);
  assert.match(explainLog(['libbpf: failed to find valid kernel BTF'], 'ESRCH'), /the kernel has no BTF/);
  assert.match(explainLog(['unknown func bpf_get_current_task_btf#158'], 'EINVAL'), /lacks a function/);
  assert.equal(explainLog([], 'E2BIG'), 'E2BIG');
});
