// What `postern doctor` finds, for the API: the control plane has no rights to look, so the supervisor runs it when it is asked.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type DoctorReport, doctorReportSchema } from '#model/api.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { tellSupervisor } from './statusline.ts';

const run = promisify(execFile);
const runMs = 60_000;
/** So long what was found counts as new: looking loads programs into the kernel for a moment. */
const freshMs = 30_000;

/** The supervisor's side: another process, so that it goes on watching over its own. One at a time. */
let running: Promise<DoctorReport | null> | undefined;
export function runCheckup(): Promise<DoctorReport | null> {
  running ??= look().finally(() => {
    running = undefined;
  });
  return running;
}

async function look(): Promise<DoctorReport | null> {
  const args = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, '../main.ts'), 'doctor', '--json'];
  const options = { timeout: runMs, maxBuffer: 1024 * 1024 };
  try {
    // It ends with 1 where something is wrong, which is an answer too.
    const { stdout } = await run(process.execPath, args, options).catch((error: { stdout?: string }) => ({
      stdout: error.stdout ?? '',
    }));
    return doctorReportSchema.parse(JSON.parse(stdout));
  } catch {
    return null;
  }
}

/** The control plane's side. */
export class Checkups {
  readonly #now: () => number;
  readonly #ask: () => void;
  #last: { readonly report: DoctorReport; readonly at: number } | undefined;
  #waiting: ((report: DoctorReport | null) => void)[] = [];

  constructor(now: () => number, ask: () => void = () => tellSupervisor({ wants: 'doctor' })) {
    this.#now = now;
    this.#ask = ask;
  }

  /** What was found now, or a moment ago. */
  async report(): Promise<Result<DoctorReport>> {
    if (this.#last !== undefined && this.#last.at + freshMs > this.#now()) return ok(this.#last.report);
    const report = await new Promise<DoctorReport | null>((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length > 1) return;
      this.#ask();
      setTimeout(() => this.hear(null), runMs + 5000).unref();
    });
    return report === null
      ? fail('the machine could not be looked at; in a terminal, run: sudo postern doctor')
      : ok(report);
  }

  /** What the supervisor found; null: nothing. */
  hear(report: DoctorReport | null): void {
    if (report !== null) this.#last = { report, at: this.#now() };
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const tell of waiting) tell(report);
  }
}
