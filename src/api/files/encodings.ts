// Files as they travel: compressed once, when somebody first asks for one, and kept.
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { StaticFile } from './files.ts';

/** Smaller ones fit a packet as they are. */
const minBytes = 1024;
const compressible = /^(text\/|application\/(json|manifest)|image\/svg)/;

const compressors = {
  // A tenth of a second for the largest file; the highest level takes ten times as long, for a few per cent.
  br: (bytes: Uint8Array) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  gzip: (bytes: Uint8Array) => promisify(gzip)(bytes, { level: 9 }),
} as const;
type Encoding = keyof typeof compressors;

const made = new WeakMap<StaticFile, Map<Encoding, Promise<Uint8Array<ArrayBuffer>>>>();

/** What a browser takes of these, the smaller first (RFC 9110 section 12.5.3); one that it weighs with 0 it does not take. */
function wantedOf(accepted: string): Encoding | undefined {
  const taken = accepted.split(',').flatMap((part) => {
    const [name = '', ...parameters] = part.split(';').map((word) => word.trim().toLowerCase());
    return parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter)) ? [] : [name];
  });
  return (['br', 'gzip'] as const).find((encoding) => taken.includes(encoding));
}

export interface Encoded {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
  readonly encoding?: Encoding;
}

export const isCompressible = ({ bytes, type }: StaticFile): boolean =>
  bytes.length >= minBytes && compressible.test(type);

/** `accepted`: the header Accept-Encoding. Each form has a tag of its own. */
export async function encode(file: StaticFile, accepted: string): Promise<Encoded> {
  const encoding = isCompressible(file) ? wantedOf(accepted) : undefined;
  if (encoding === undefined) return file;
  const forms = made.get(file) ?? new Map<Encoding, Promise<Uint8Array<ArrayBuffer>>>();
  made.set(file, forms);
  const bytes = forms.get(encoding) ?? compressors[encoding](file.bytes).then((small) => new Uint8Array(small));
  forms.set(encoding, bytes);
  return { bytes: await bytes, etag: file.etag.replace(/"$/, `-${encoding}"`), encoding };
}
