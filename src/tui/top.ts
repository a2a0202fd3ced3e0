// postern top: the live view in a terminal, or one picture of it for scripts.
import { Client } from '#client/client.ts';
import { formatJson } from '#std/text.ts';
import { frameJson } from './rows.ts';
import { Terminal } from './terminal.ts';

export interface TopOptions {
  readonly runtimeDir: string;
  readonly json: boolean;
  readonly once: boolean;
}

/** Rows of a picture that no terminal bounds. */
const onceRows = 60;

/** The exit code: 0, 2 where there is no terminal, 3 and 4 as for all commands. */
export async function runTop(options: TopOptions): Promise<number> {
  const terminal = new Terminal(new Client(options.runtimeDir));
  const stop = new AbortController();
  if (options.json || options.once) {
    const problem = await terminal.first(stop.signal);
    if (problem === undefined) await print(terminal, options.json);
    stop.abort();
    if (problem === undefined) return 0;
    process.stderr.write(`postern: ${problem.message}\n`);
    return problem.kind === 'no-daemon' ? 3 : problem.kind === 'not-permitted' ? 4 : 1;
  }
  if (process.stdout.isTTY !== true || process.stdin.isTTY !== true) {
    process.stderr.write(
      'postern: top needs a terminal; postern top --once prints one picture, --json the same for scripts\n',
    );
    return 2;
  }
  // Ink draws only its last picture where it takes the machine for a build server; here is a terminal.
  for (const key of ['CI', 'CONTINUOUS_INTEGRATION']) process.env[key] = 'false';
  // Ink's colours do not ask for NO_COLOR.
  if ((process.env.NO_COLOR ?? '') !== '') process.env.FORCE_COLOR = '0';
  const [{ render }, { createElement }, { Screen }] = await Promise.all([
    import('ink'),
    import('react'),
    import('./screen/screen.ts'),
  ]);
  const running = terminal.run(stop.signal);
  const screen = render(createElement(Screen, { terminal }), {
    ...{ alternateScreen: true, incrementalRendering: true, patchConsole: false, maxFps: 15 },
  });
  await screen.waitUntilExit();
  stop.abort();
  await running;
  return 0;
}

async function print(terminal: Terminal, json: boolean): Promise<void> {
  const { picture } = terminal;
  if (json) {
    process.stdout.write(`${formatJson(frameJson(picture.watched, picture.lines, picture.now), 2)}\n`);
    return;
  }
  if (process.stdout.isTTY !== true || (process.env.NO_COLOR ?? '') !== '') process.env.FORCE_COLOR = '0';
  const [{ renderToString }, { createElement }, { Frame }] = await Promise.all([
    import('ink'),
    import('react'),
    import('./screen/screen.ts'),
  ]);
  const columns = process.stdout.columns ?? (Number(process.env.COLUMNS) || 100);
  const rows = Math.min(onceRows, Math.max(1, picture.rows.length) + 1);
  const text = renderToString(createElement(Frame, { picture, columns, rows, live: false }), { columns });
  process.stdout.write(`${text.replace(/[ \t]+$/gm, '')}\n`);
}
