// What a person reads of a question before answering: who wants to reach whom, and everything that is known of both.
import { scopeTexts, sourceTexts } from '#client/question/words.ts';
import type { PromptView } from '#model/api.ts';
import { parseAddress } from '#model/net/address.ts';
import { scopeOf } from '#model/net/scope.ts';
import { formatPlace, programName } from '#model/sentence.ts';
import { paint, safe } from './output.ts';

/** `curl (alice) wants to reach site.example (198.51.100.7), port 443/tcp; known by DNS`, escaped. */
export function headline({ attempt, user, names }: PromptView): string {
  const { process, flow } = attempt;
  const { remote, local, protocol, direction } = flow;
  const program = `${programName(attempt)}${user === null ? '' : ` (${safe(user)})`}`;
  const way = (who: string, whom: string, port = 0) =>
    `${who} wants to reach ${whom}, ${port === 0 ? protocol : `port ${port}/${protocol}`}`;
  if (direction === 'in') return way(remote.address, program, local?.port);
  const who = process === undefined && local !== undefined ? `${local.address}, which is forwarded,` : program;
  const [newest] = names;
  if (newest === undefined) return way(who, remote.address, remote.port);
  const known = sourceTexts[newest.from];
  return `${way(who, `${safe(newest.name)} (${remote.address})`, remote.port)}; known by ${known}`;
}

/** Everything that is known, a line each. */
export function story(prompt: PromptView): string[] {
  const { process, flow, names = [] } = prompt.attempt;
  const address = parseAddress(flow.remote.address);
  const incoming = flow.direction === 'in';
  const lines = [paint('bold', headline(prompt))];
  const add = (name: string, value: string | number | null | undefined) => {
    if (value !== undefined && value !== null && value !== '')
      lines.push(`  ${`${name}:`.padEnd(13)}${safe(String(value))}`);
  };
  add(
    'program',
    process?.exe ??
      (process?.image && `${process.image.path} (${process.image.state}: not the file of this machine at that path)`),
  );
  if (process?.seeded === true) add('seen', 'only after it began: it may be disguised');
  add('script', process?.script);
  add('package', process?.package && `${process.package} ${process.packageVersion ?? ''}`);
  add('hash', process?.sha256);
  add('arguments', process?.args?.join(' ').slice(0, 500));
  add('folder', process?.cwd);
  add('user', prompt.user);
  add('process', process?.pid);
  add('started by', process?.ancestors?.filter((path) => path !== '').join(' ← '));
  add('unit', process?.unit);
  add('container', process?.container);
  add('flatpak', process?.flatpak);
  add('snap', process?.snap);
  const others = names.filter(({ name }) => name !== prompt.names[0]?.name);
  add('also called', others.map(({ name, from }) => `${name} (by ${sourceTexts[from]})`).join(', '));
  add('in lists', prompt.lists.map(({ list, name }) => `${list} (${name ?? 'its address'})`).join(', '));
  const place = formatPlace(prompt);
  add('where', address && `${scopeTexts[scopeOf(address)]}${place && `, ${place}`}`);
  add('port here', incoming ? flow.local?.port : undefined);
  add('before', prompt.before === 0 ? 'never seen' : `${prompt.before} times`);
  add('asked by', prompt.rule === null ? undefined : `rule "${prompt.rule}"`);
  add('waiting', `${prompt.flows} connections`);
  return lines;
}
