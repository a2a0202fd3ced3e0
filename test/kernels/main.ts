// The kernel matrix: the tests of the kernel adapters on Debian's kernels, each in an emulated machine. `script/test --kernels`.
//   main.ts [VERSION…] [-- TEST FILES…]
import { globSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DebianKernels, isKernelVersion, type Kernel, type KernelVersion, kernelVersions } from './debian.ts';
import { buildImage } from './image.ts';
import { runMachine } from './machine.ts';
import { Results } from './results.ts';

const root = join(import.meta.dirname, '../..');
const folder = join(root, '.state/kernels');
const limitMs = 30 * 60_000;
const usual = ['test/kernel/**/*.test.ts'];

const say = (line: string) => console.log(line);

function parse(args: readonly string[]): { readonly named: KernelVersion[]; readonly files: string[] } {
  const split = args.includes('--') ? args.indexOf('--') : args.length;
  const named = args.slice(0, split);
  const unknown = named.find((text) => !isKernelVersion(text));
  if (unknown !== undefined) {
    console.error(`There is no kernel "${unknown}" here; there are ${kernelVersions.join(', ')}.`);
    process.exit(2);
  }
  const files = globSync(split < args.length - 1 ? args.slice(split + 1) : usual, { cwd: root });
  return { named: named.filter(isKernelVersion), files: files.sort() };
}

async function run(kernel: Kernel, files: readonly string[]): Promise<Results> {
  const results = new Results(say);
  const log = join(folder, `${kernel.version}.log`);
  say(`\n── Linux ${kernel.release}; its console is ${log}`);
  const problem = await runMachine({
    kernel: kernel.image,
    initramfs: buildImage(folder, kernel, files),
    console: log,
    limitMs,
    signal: interruption.signal,
    onLine: (line) => results.readLine(line),
  });
  if (problem !== undefined) results.failed.push(`the machine did not run to its end: ${problem}`);
  else if (!results.done) results.failed.push('the machine ended before its tests did');
  return results;
}

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort());
const { named, files } = parse(process.argv.slice(2));
if (files.length === 0) throw new Error('no such test file');
mkdirSync(folder, { recursive: true });
const kernels = new DebianKernels(folder);
const summary: string[] = [];
let failed = false;
for (const version of named.length > 0 ? named : kernelVersions) {
  let kernel: Kernel;
  try {
    kernel = kernels.get(version);
  } catch (error) {
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    summary.push(`${version}: cannot be had: ${stderr || (error instanceof Error ? error.message : error)}`);
    failed ||= named.includes(version);
    continue;
  }
  const began = Date.now();
  const results = await run(kernel, files);
  const seconds = Math.round((Date.now() - began) / 1000);
  const skips = results.skipped.length > 0 ? `, ${results.skipped.length} skipped` : '';
  summary.push(
    `${kernel.release}: ${results.passed} passed, ${results.failed.length} failed${skips} (${seconds} s)`,
    ...results.failed.map((name) => `  ✖ ${name}`),
    ...results.skipped.map((name) => `  ﹣ ${name}`),
  );
  failed ||= results.failed.length > 0;
  if (interruption.signal.aborted) break;
}
say(`\n${summary.join('\n')}`);
process.exitCode = failed ? 1 : 0;
