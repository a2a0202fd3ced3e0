// Values of JSON that other tools wrote, looked at one by one.
import { type Prefix, parseAddress, prefixOf } from '#model/net/address.ts';
import { fail, ok, type Result } from '#std/result.ts';

export type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function parseJson(text: string): Result<Json> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return fail(`it is no JSON (${error instanceof Error ? error.message.slice(0, 200) : error})`);
  }
  return isObject(json) ? ok(json) : fail('it is no JSON object');
}

/** One text or several, separated by commas; undefined where there is none. */
export function texts(value: unknown): Result<readonly string[] | undefined> {
  if (value === undefined || value === null) return ok(undefined);
  const all: unknown[] = Array.isArray(value) ? value : [value];
  if (!all.every((one) => typeof one === 'string')) return fail('is neither a text nor a list of texts');
  return ok(
    (all as string[]).flatMap((one) => one.split(',').map((part) => part.trim())).filter((part) => part !== ''),
  );
}

/** Whole prefixes; what stands behind their length does not count. */
export function prefixes(text: string): Result<Prefix> {
  const [base = '', length] = text.split('/');
  const address = parseAddress(base);
  const full = address?.family === 4 ? 32 : 128;
  if (address === undefined || (length !== undefined && (!/^\d{1,3}$/.test(length) || Number(length) > full))) {
    return fail(`"${text}" is no address or prefix`);
  }
  return ok(prefixOf(address, length === undefined ? full : Number(length)));
}
