// What package managers and git talk to, run in the world: a registry of npm, an index of Python packages, repositories of git and
// plain files, over HTTP and HTTPS.
//   server.ts FOLDER HTTP-PORT HTTPS-PORT   FOLDER has key.pem, cert.pem, files/ as they are asked for by path, and git/ with repositories
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { join, normalize } from 'node:path';

const [folder = '', httpPort = '', httpsPort = ''] = process.argv.slice(2);
const counts: Record<string, number> = {};

/** A file, or the page of a folder, by the host it is asked of: `files/HOST/PATH`. */
function file(host: string, path: string): string | undefined {
  const found = join(folder, 'files', host, normalize(path));
  const page = existsSync(found) && statSync(found).isDirectory() ? join(found, 'index') : found;
  return existsSync(page) ? page : undefined;
}

const types: readonly (readonly [RegExp, string])[] = [
  [/^registry\..*\/[\w-]+$/, 'application/json'],
  [/\/simple\//, 'text/html'],
  [/./, 'application/octet-stream'],
];

/** The program of git that speaks its protocol over HTTP, as a web server calls it. */
function gitBackend(request: IncomingMessage, response: ServerResponse, url: URL): void {
  const env = {
    PATH: process.env.PATH,
    GIT_PROJECT_ROOT: join(folder, 'git'),
    GIT_HTTP_EXPORT_ALL: '1',
    PATH_INFO: url.pathname,
    QUERY_STRING: url.search.slice(1),
    REQUEST_METHOD: request.method,
    CONTENT_TYPE: request.headers['content-type'] ?? '',
    CONTENT_LENGTH: request.headers['content-length'] ?? '',
    HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
    GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    // The repositories are those of whoever made them.
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'safe.directory',
    GIT_CONFIG_VALUE_0: '*',
  };
  const child = spawn('git', ['http-backend'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  request.pipe(child.stdin);
  child.stdin.on('error', () => {});
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  child.on('close', () => {
    const all = Buffer.concat(parts);
    const end = all.indexOf('\r\n\r\n');
    for (const line of all.subarray(0, end).toString().split('\r\n')) {
      const [name = '', value = ''] = line.split(/:\s*/, 2);
      if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.end(all.subarray(end + 4));
  });
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', `http://${request.headers.host ?? 'nobody.invalid'}`);
  counts[url.hostname] = (counts[url.hostname] ?? 0) + 1;
  if (url.hostname.startsWith('git.')) {
    gitBackend(request, response, url);
    return;
  }
  const found = file(url.hostname, decodeURIComponent(url.pathname));
  if (found === undefined) {
    response.statusCode = 404;
    response.end('{}');
    return;
  }
  const type = types.find(([pattern]) => pattern.test(url.hostname + url.pathname))?.[1];
  response.setHeader('content-type', type ?? 'text/plain');
  response.end(readFileSync(found));
}

createServer(answer).listen(Number(httpPort), '::', () => {
  const keys = { key: readFileSync(join(folder, 'key.pem')), cert: readFileSync(join(folder, 'cert.pem')) };
  createSecureServer(keys, answer).listen(Number(httpsPort), '::', () => process.stdout.write('ready\n'));
});
// Any line asks how often each name was asked; the end is the end.
process.stdin.on('data', () => process.stdout.write(`${JSON.stringify(counts)}\n`));
process.stdin.on('end', () => process.exit(0));
