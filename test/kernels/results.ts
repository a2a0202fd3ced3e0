// What an emulated machine tells of its tests, counted and printed.

/** Durations in milliseconds of the emulated machine's clock. */
export type Result =
  | { readonly type: 'release'; readonly release: string }
  | { readonly type: 'begin'; readonly file: string }
  | { readonly type: 'end'; readonly file: string; readonly code: number }
  | { readonly type: 'pass'; readonly name: string; readonly duration: number }
  | { readonly type: 'fail'; readonly name: string; readonly duration: number; readonly error: string }
  | { readonly type: 'skip'; readonly name: string; readonly reason: string }
  | { readonly type: 'done' };

const indented = (text: string) => text.replace(/^/gm, '    ');

export class Results {
  readonly #say: (line: string) => void;
  #file = '';
  #failedHere = 0;
  /** As `uname -r` has it. */
  release: string | undefined;
  passed = 0;
  readonly skipped: string[] = [];
  readonly failed: string[] = [];
  /** Whether all test files were run to their end. */
  done = false;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** A line that is no result is left out. */
  readLine(line: string): void {
    if (line.startsWith('{')) this.add(JSON.parse(line) as Result);
  }

  add(result: Result): void {
    switch (result.type) {
      case 'release':
        this.release = result.release;
        break;
      case 'begin':
        this.#file = result.file;
        this.#failedHere = 0;
        this.#say(`▶ ${result.file}`);
        break;
      case 'pass':
        this.passed += 1;
        this.#say(`  ✔ ${result.name} (${Math.round(result.duration)} ms)`);
        break;
      case 'skip':
        this.skipped.push(`${this.#file}: ${result.name}: ${result.reason}`);
        this.#say(`  ﹣ ${result.name} # ${result.reason}`);
        break;
      case 'fail':
        this.#fail(result.name, result.error);
        break;
      case 'end':
        // A file that fails before its first test.
        if (result.code !== 0 && this.#failedHere === 0) {
          this.#fail(
            'the file itself',
            result.code === 124 ? 'it did not end in time' : `it ended with ${result.code}`,
          );
        }
        break;
      case 'done':
        this.done = true;
    }
  }

  #fail(name: string, error: string): void {
    this.#failedHere += 1;
    this.failed.push(`${this.#file}: ${name}`);
    this.#say(`  ✖ ${name}\n${indented(error)}`);
  }
}
