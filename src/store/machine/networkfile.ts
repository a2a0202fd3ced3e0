// Edits of networks.yaml, in which stands what people said of the networks they were on: comments and order stay as they are.
import { type Document, isMap, isScalar, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';
import { z } from 'zod';
import { networkNameSchema, networkSignSchema, profileSchema, sameSign } from '#model/net/network.ts';
import { fail, ok, type Result } from '#std/result.ts';

export const networkFileName = 'networks.yaml';

const opening = `# The networks that this machine was on, by the hardware address of their gateway and their wireless name.
# \`postern networks\` and the page Networks write here; you may too. Rules ask for them: profile: home, known-network: Office.
`;

const entrySchema = z
  .strictObject({
    name: networkNameSchema,
    profile: profileSchema.optional(),
    gateway: z.string().optional(),
    ssid: z.string().optional(),
    link: z.string().optional(),
    'first-seen': z.string().optional(),
  })
  .transform((entry, context) => {
    const { name, profile, gateway, ssid, link } = entry;
    const sign = networkSignSchema.safeParse(
      link === undefined ? { gateway: gateway?.toLowerCase(), ...(ssid !== undefined && { ssid }) } : { link },
    );
    if (!sign.success || (link !== undefined && (gateway ?? ssid) !== undefined)) {
      const message = `"${name}" needs a gateway such as 02:00:5e:10:00:01, with or without an ssid, or the name of a link`;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }
    const first = Date.parse(entry['first-seen'] ?? '');
    return { name, profile, sign: sign.data, firstSeen: Number.isNaN(first) ? undefined : first };
  });

/** A network that somebody named. */
export type NamedNetwork = z.infer<typeof entrySchema>;

const fileSchema = z.strictObject({ networks: z.array(entrySchema).max(10_000).nullable().default([]) });

/** The error is a sentence. */
export function parseNetworkFile(text: string): Result<NamedNetwork[]> {
  const document = parseDocument(text, { version: '1.2', schema: 'core' });
  const [error] = document.errors;
  if (error !== undefined) return fail(error.message.split('\n')[0] ?? 'it is not YAML');
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (problem) {
    return fail(String(problem));
  }
  const parsed = fileSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return fail(`${issue?.path.join('.')}: ${issue?.message}`);
  }
  const networks = parsed.data.networks ?? [];
  const twice = networks.find(({ name, sign }, index) =>
    networks.slice(0, index).some((other) => other.name === name || sameSign(other.sign, sign)),
  );
  return twice === undefined ? ok(networks) : fail(`"${twice.name}" stands there twice, or has the sign of another`);
}

export class NetworkFile {
  readonly #document: Document;

  /** `text` must be such a file without errors, or empty. */
  constructor(text: string) {
    this.#document = parseDocument(text.trim() === '' ? `${opening}networks: []\n` : text);
    if (!isMap(this.#document.contents)) {
      this.#document.contents = this.#document.createNode({ networks: [] }) as never;
    }
  }

  get #list(): YAMLSeq<YAMLMap> {
    const found = this.#document.get('networks');
    if (isSeq(found)) {
      found.flow = false;
      return found as YAMLSeq<YAMLMap>;
    }
    const made = this.#document.createNode([]) as YAMLSeq<YAMLMap>;
    this.#document.set('networks', made);
    return made;
  }

  #indexOf(name: string): number {
    return this.#list.items.findIndex((item) => isMap(item) && item.get('name') === name);
  }

  /** Changes the network of this name, or adds it. */
  put(name: string, { sign, profile, firstSeen, ...named }: NamedNetwork): void {
    const wanted = {
      name: named.name,
      ...(profile !== undefined && { profile }),
      ...sign,
      ...(firstSeen !== undefined && { 'first-seen': new Date(firstSeen).toISOString().slice(0, 19) }),
    };
    const item = this.#list.items[this.#indexOf(name)];
    if (!isMap(item)) {
      this.#list.add(this.#document.createNode(wanted) as YAMLMap);
      return;
    }
    if (profile === undefined) item.delete('profile');
    for (const [key, value] of Object.entries(wanted)) {
      const before = item.get(key, true);
      if ((isScalar(before) ? before.value : before) !== value) item.set(key, value);
    }
  }

  remove(name: string): void {
    const at = this.#indexOf(name);
    if (at >= 0) this.#list.delete(at);
  }

  toString(): string {
    return this.#document.toString({ lineWidth: 120 });
  }
}
