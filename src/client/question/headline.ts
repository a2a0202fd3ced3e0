// A question in one line, and the parts of it that a card shows; escaped.
import type { PromptView } from '#model/api.ts';
import { parseAddress } from '#model/net/address.ts';
import { scopeOf } from '#model/net/scope.ts';
import { formatPlace, programName } from '#model/sentence.ts';
import { escapeText } from '#std/text.ts';
import { scopeTexts, sourceTexts } from './words.ts';

export interface Parts {
  readonly who: string;
  readonly verb: string;
  readonly whom: string;
  readonly service: string;
}

export function partsOf({ attempt, user, names: [newest] }: PromptView): Parts {
  const { process, flow } = attempt;
  const { remote, local, protocol, direction } = flow;
  const program = `${programName(attempt)}${user === null ? '' : ` (${escapeText(user)})`}`;
  const service = (port = 0) => (port === 0 ? protocol : `port ${port}/${protocol}`);
  if (direction === 'in') {
    return { who: remote.address, verb: 'wants to reach', whom: program, service: service(local?.port) };
  }
  const forwarded = process === undefined && local !== undefined;
  return {
    who: forwarded ? `${local.address}, which is forwarded,` : program,
    verb: 'wants to reach',
    whom: newest === undefined ? remote.address : escapeText(newest.name),
    service: service(remote.port),
  };
}

export function headline(prompt: PromptView): string {
  const { who, verb, whom, service } = partsOf(prompt);
  return `${who} ${verb} ${whom}, ${service}`;
}

/** What is known of the program, in short: its file, its package, who started it. */
export function programLine({ attempt }: PromptView): string[] {
  const { process } = attempt;
  if (process === undefined) return ['The program is not known.'];
  const { image } = process;
  const path =
    process.script ??
    process.exe ??
    (image && `${image.path} (${image.state}: not the file of this machine at that path)`);
  const started = process.ancestors?.filter((one) => one !== '').map((one) => one.slice(one.lastIndexOf('/') + 1));
  return [
    path ?? 'its file is not known',
    process.package
      ? `package ${process.package} ${process.packageVersion ?? ''}`.trim()
      : process.package === null
        ? 'of no package'
        : undefined,
    process.unit ? `unit ${process.unit}` : undefined,
    process.container ? `container ${process.container.slice(0, 12)}` : undefined,
    started && started.length > 0 ? `started by ${started.slice(0, 4).join(' ← ')}` : undefined,
    process.seeded === true ? 'seen only after it began: it may be disguised' : undefined,
  ]
    .filter((part) => part !== undefined)
    .map(escapeText);
}

/** What is known of the far end, in short: its address, how its name is known, where it is, and how often before. */
export function placeLine(prompt: PromptView): string[] {
  const { attempt, names, before } = prompt;
  const { address: text } = attempt.flow.remote;
  const address = parseAddress(text);
  const [newest] = names;
  const place = formatPlace(prompt);
  return [
    newest === undefined ? (attempt.flow.direction === 'in' ? '' : 'it has no name that is known') : text,
    newest === undefined ? '' : `name known by ${sourceTexts[newest.from]}`,
    address === undefined ? '' : scopeTexts[scopeOf(address)],
    place,
    before === 0 ? 'never seen before' : before === 1 ? 'seen once before' : `seen ${before} times before`,
  ].filter((part) => part !== '');
}
