// Host names as rules write them: one name, or a domain with what is below it.
import { fail, ok, type Result } from '#std/result.ts';

export interface NamePattern {
  /** Lower case, without a dot at the end. */
  readonly domain: string;
  /** `name` that name alone, `*.domain` what is below it, `.domain` both. */
  readonly reach: 'exact' | 'below' | 'both';
}

/** RFC 1035 2.3.4: octets of a name in text form, and of a label. */
const maxName = 253;
const labelPattern = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** `api.example.com`, `*.example.com`, `.example.com`, in any case, with or without a dot at the end. The error is a sentence. */
export function parseName(text: string): Result<NamePattern> {
  const lower = text.toLowerCase().replace(/\.$/, '');
  const reach = lower.startsWith('*.') ? 'below' : lower.startsWith('.') ? 'both' : 'exact';
  const domain = reach === 'below' ? lower.slice(2) : reach === 'both' ? lower.slice(1) : lower;
  if (/[^\x21-\x7e]/.test(domain)) return fail(`"${text}": write the name in its ASCII form${asciiForm(text, domain)}`);
  if (domain.includes('*')) {
    return fail(`"${text}": a star stands for whole labels at the front alone, as in *.example.com`);
  }
  const labels = domain.split('.');
  if (domain.length > maxName)
    return fail(`"${text.slice(0, 64)}…" is longer than the ${maxName} characters of a name`);
  const wrong = labels.find((label) => !labelPattern.test(label));
  if (wrong !== undefined) return fail(`"${text}" is no host name: "${wrong}" cannot be a part of one`);
  return ok({ domain, reach });
}

/** What IDNA makes of it (UTS 46), where it makes anything. */
function asciiForm(text: string, domain: string): string {
  if (!URL.canParse(`http://${domain}/`)) return '';
  const { hostname } = new URL(`http://${domain}/`);
  return hostname.startsWith('xn--') || hostname.includes('.xn--')
    ? `: ${text.slice(0, text.length - domain.length)}${hostname}`
    : '';
}

export function formatName({ domain, reach }: NamePattern): string {
  return reach === 'exact' ? domain : reach === 'below' ? `*.${domain}` : `.${domain}`;
}

/** `name` in lower case without a dot at the end. */
export function nameMatches({ domain, reach }: NamePattern, name: string): boolean {
  if (name === domain) return reach !== 'below';
  return reach !== 'exact' && name.length > domain.length + 1 && name.endsWith(`.${domain}`);
}
