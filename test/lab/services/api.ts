// A service that answers what another host says. With ?host= it asks that one, as a planted change of it would; with ?run=
// a program that it starts does.
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';

const [own = '', port] = process.argv.slice(2);

createServer(async (request, response) => {
  const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
  const url = `http://${query.get('host') ?? own}/`;
  const end = (status: number, text: string) => response.writeHead(status).end(text);
  const program = query.get('run');
  if (program !== null) {
    execFile(program, ['-s', '-m', '10', url], (error, stdout) => end(error === null ? 200 : 502, stdout));
    return;
  }
  try {
    end(200, await (await fetch(url, { signal: AbortSignal.timeout(10_000) })).text());
  } catch (error) {
    end(502, String(error));
  }
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
