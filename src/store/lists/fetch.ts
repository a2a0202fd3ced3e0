// Gets a list from where it comes from: a file, a folder, or HTTPS, within bounds of size and time.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import type { ListDefinition } from '#model/net/list.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { escapeText } from '#std/text.ts';

export const fetchLimits = { bytes: 128 * 1024 * 1024, ms: 60_000, redirects: 5 } as const;

/** What the server said of the content that we have. */
export interface Validators {
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
}

export type Fetched =
  | { readonly changed: false }
  | { readonly changed: true; readonly bytes: Buffer; readonly validators: Validators };

export interface FetchOptions {
  readonly validators?: Validators;
  readonly limits?: { readonly bytes: number; readonly ms: number; readonly redirects: number };
  /** Certificates to believe beside the system's, in PEM. */
  readonly ca?: string;
}

/** The error is a sentence that names the source. */
export async function fetchList(definition: ListDefinition, options: FetchOptions = {}): Promise<Result<Fetched>> {
  const { source, sha256 } = definition;
  const limits = options.limits ?? fetchLimits;
  const fetched = /^https:/.test(source)
    ? await fetchHttps(source, { ...options, limits })
    : /^[a-z][a-z0-9+.-]*:\/\//i.test(source)
      ? fail('only https:// can be fetched: over anything else, whoever is in between could change the list')
      : readFiles(source, limits.bytes);
  if (!fetched.ok) return fail(`${escapeText(source)}: ${fetched.error}.`);
  if (fetched.value.changed && sha256 !== undefined) {
    const found = createHash('sha256').update(fetched.value.bytes).digest('hex');
    if (found !== sha256) return fail(`${escapeText(source)}: its SHA-256 is ${found}, and ${sha256} is wanted.`);
  }
  return fetched;
}

function readFiles(source: string, most: number): Result<Fetched> {
  if (!source.startsWith('/')) return fail('write https://…, or the whole path of a file or folder');
  try {
    const files = statSync(source).isDirectory()
      ? readdirSync(source)
          .filter((name) => !name.startsWith('.'))
          .sort()
          .map((name) => join(source, name))
      : [source];
    const parts: Buffer[] = [];
    let total = 0;
    for (const file of files) {
      const found = statSync(file);
      if (!found.isFile()) continue;
      total += found.size + 1;
      if (total > most) return fail(`it has more than ${most} bytes`);
      parts.push(readFileSync(file), Buffer.from('\n'));
    }
    return parts.length === 0
      ? fail('there is no file in it')
      : ok({ changed: true, bytes: Buffer.concat(parts), validators: {} });
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

type Bounded = FetchOptions & { readonly limits: NonNullable<FetchOptions['limits']> };

async function fetchHttps(source: string, options: Bounded): Promise<Result<Fetched>> {
  const signal = AbortSignal.timeout(options.limits.ms);
  let url = new URL(source);
  for (let redirects = 0; redirects <= options.limits.redirects; redirects++) {
    const answer = await request(url, options, signal);
    if (!answer.ok) return answer;
    const { statusCode = 0, headers } = answer.value;
    if (statusCode >= 300 && statusCode < 400 && statusCode !== 304) {
      answer.value.destroy();
      const { location } = headers;
      if (location === undefined || !URL.canParse(location, url.href))
        return fail('it leads elsewhere, and does not say where');
      url = new URL(location, url);
      if (url.protocol !== 'https:') return fail(`it leads to ${escapeText(url.href)}, which is not https`);
      continue;
    }
    if (statusCode === 304) {
      answer.value.resume();
      return ok({ changed: false });
    }
    if (statusCode !== 200) {
      answer.value.destroy();
      return fail(`the server answered ${statusCode}`);
    }
    const body = await readBody(answer.value, options.limits, signal);
    const { etag, 'last-modified': lastModified } = headers;
    return body.ok ? ok({ changed: true, bytes: body.value, validators: { etag, lastModified } }) : body;
  }
  return fail(`it leads elsewhere more than ${options.limits.redirects} times`);
}

function request(url: URL, { validators, ca }: Bounded, signal: AbortSignal): Promise<Result<IncomingMessage>> {
  const headers = {
    'user-agent': 'postern',
    'accept-encoding': 'gzip',
    ...(validators?.etag !== undefined && { 'if-none-match': validators.etag }),
    ...(validators?.lastModified !== undefined && { 'if-modified-since': validators.lastModified }),
  };
  return new Promise((resolve) => {
    const asking = get(url, { headers, signal, ...(ca !== undefined && { ca }) }, (answer) => resolve(ok(answer)));
    asking.on('error', (error) => resolve(fail(reasonOf(error, signal))));
  });
}

/** Counts what comes out of it, so that a small body cannot become a large one. */
function readBody(answer: IncomingMessage, limits: Bounded['limits'], signal: AbortSignal): Promise<Result<Buffer>> {
  const encoding = answer.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity' && encoding !== 'gzip') {
    answer.destroy();
    return Promise.resolve(fail(`it is encoded as ${escapeText(encoding)}, which was not asked for`));
  }
  return new Promise((resolve) => {
    const stream = encoding === 'gzip' ? answer.pipe(createGunzip()) : answer;
    const parts: Buffer[] = [];
    let total = 0;
    const end = (result: Result<Buffer>) => {
      resolve(result);
      answer.destroy();
      stream.destroy();
    };
    stream.on('data', (part: Buffer) => {
      total += part.length;
      if (total > limits.bytes) end(fail(`it has more than ${limits.bytes} bytes`));
      else parts.push(part);
    });
    stream.on('end', () =>
      resolve(answer.complete ? ok(Buffer.concat(parts)) : fail('the connection ended before all of it was there')),
    );
    const onError = (error: Error) => end(fail(reasonOf(error, signal)));
    stream.on('error', onError);
    answer.on('error', onError);
    answer.on('aborted', () =>
      end(fail(signal.aborted ? 'it took too long' : 'the connection ended before all of it was there')),
    );
  });
}

function reasonOf(error: Error, signal: AbortSignal): string {
  return signal.aborted ? 'it took too long' : escapeText(error.message);
}
