// Runs the nft program: one text, one transaction.
import { spawn } from 'node:child_process';
import { fail, ok, type Result } from '#std/result.ts';

/** A rule set of 100,000 lines takes nft seconds; a hung one must not hang the gate. */
const timeoutMs = 60_000;
const maxOutput = 16 * 1024 * 1024;

/** What nft printed, or a sentence with the kernel's reason. Nothing has changed when it failed. */
export function runNft(args: readonly string[], input?: string): Promise<Result<string>> {
  return new Promise((resolve) => {
    const child = spawn('nft', args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: timeoutMs, killSignal: 'SIGKILL' });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < maxOutput) output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (errors.length < 4096) errors += text;
    });
    child.on('error', (error) => {
      const missing = 'code' in error && error.code === 'ENOENT';
      resolve(fail(missing ? 'the program nft is not installed (apt install nftables)' : `nft: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      if (code === 0) resolve(ok(output));
      else resolve(fail(`nft: ${errors.trim().split('\n')[0] || `ended by ${signal ?? `exit code ${code}`}`}`));
    });
    child.stdin.on('error', () => {}); // nft ended before it read all: `close` tells why.
    child.stdin.end(input ?? '');
  });
}

/** Applies the text as one transaction. */
export async function applyNft(text: string): Promise<Result<void>> {
  const result = await runNft(['-f', '-'], text);
  return result.ok ? ok(undefined) : result;
}
