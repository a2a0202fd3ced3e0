// One app put together: what the journal has of it, which rules can decide about it, and what it waits for others on, now.
import type { Served } from '#api/services.ts';
import { appOf } from '#attribution/app.ts';
import { type Listener, readListeners } from '#kernel/netlink/listeners.ts';
import { maxSocketsAsked } from '#model/messages.ts';
import { formatAddress } from '#model/net/address.ts';
import { type Process, pathOfProgram } from '#model/process.ts';
import { type AppDetails, daysOfApp, maxFilesOfApp, maxNamesOfApp } from '#model/shown/appdetails.ts';
import { fail, ok } from '#std/result.ts';
import { type AppFile, readAppDays, readAppFiles, readAppNames } from '#store/apps/read.ts';
import type { Journal } from '#store/journal.ts';
import type { GateLink } from '../gatelink.ts';
import type { PolicyKeeper } from '../policykeeper.ts';

interface AppParts {
  readonly journal: Journal;
  readonly keeper: PolicyKeeper;
  readonly link: () => GateLink;
  readonly now: () => number;
}

type Listening = Pick<AppDetails, 'listeners' | 'listenersUnknown'>;

/** `uid`: only what this user did; `hidden` are rules that are not the asker's to see. */
export async function appDetails(
  parts: AppParts,
  app: string,
  uid: number | undefined,
  hidden: ReadonlySet<string>,
): Promise<Served<AppDetails>> {
  const { journal, keeper } = parts;
  const files = readAppFiles(journal, app, uid, maxFilesOfApp);
  const { names, total } = readAppNames(journal, app, uid, maxNamesOfApp);
  const days = readAppDays(journal, app, uid, daysOfApp);
  if (names.length === 0) {
    return fail({ code: 'not-found', message: `no app "${app}" was seen`, hint: 'postern apps lists those that were' });
  }
  const user = (id: number | null) => (id === null ? null : (keeper.userName(id) ?? `uid ${id}`));
  return ok({
    app,
    first: Math.min(...names.map(({ first }) => first), ...files.map(({ first }) => first)),
    last: Math.max(...names.map(({ last }) => last)),
    connections: days.reduce((sum, { connections }) => sum + connections, 0),
    refused: days.reduce((sum, { refused }) => sum + refused, 0),
    files: files.map(({ uid: owner, process, ...file }) => ({
      ...file,
      path: pathOfProgram(process) ?? '',
      interpreter: typeof process.script === 'string' ? (process.exe ?? process.image?.path ?? null) : null,
      user: user(owner),
      unknown: whyUnknown(file, process),
      process,
    })),
    days,
    names: names as AppDetails['names'],
    namesTotal: total,
    rules: rulesFor(parts, files, hidden),
    ...(await listening(parts, app, uid, user)),
  });
}

function whyUnknown(
  file: Pick<AppFile, 'sha256' | 'package'>,
  { image, package: none }: AppFile['process'],
): string | null {
  if (file.sha256 !== null && file.package !== null) return null;
  if (image === undefined) return 'the file that it ran was not seen';
  if (image.state !== 'host') return `the host has no such file (${image.state}), so that there is nothing to read`;
  if (file.sha256 === null) return 'the file was replaced before it was read, or only its owner may read it';
  return none === null ? 'no package has this file' : 'no package is known to have this file';
}

/** Of all that it ran as; a run without a program asks about any. */
function rulesFor(
  { keeper, now }: AppParts,
  files: readonly AppFile[],
  hidden: ReadonlySet<string>,
): AppDetails['rules'] {
  const { policy } = keeper;
  const found = new Map<string, { named: boolean; sure: boolean }>();
  const processes = files.map(({ process, sha256, package: name, packageVersion }) => ({
    ...process,
    ...(sha256 !== null && { sha256 }),
    ...(name !== null && { package: name }),
    ...(packageVersion !== null && { packageVersion }),
  }));
  for (const process of processes) {
    for (const { name, named, sure } of policy.touching(process as Process, now())) {
      const known = found.get(name);
      found.set(name, { named: named || known?.named === true, sure: sure || known?.sure === true });
    }
  }
  return policy.ordered.flatMap(({ name, action, text }) => {
    const how = found.get(name);
    return how === undefined || hidden.has(name) ? [] : [{ name, action, text, ...how }];
  });
}

async function listening(
  { link }: AppParts,
  app: string,
  uid: number | undefined,
  user: (id: number) => string | null,
): Promise<Listening> {
  let read: { readonly listeners: readonly Listener[]; readonly complete: boolean };
  try {
    read = readListeners(maxSocketsAsked);
  } catch (error) {
    return { listeners: null, listenersUnknown: error instanceof Error ? error.message : String(error) };
  }
  const sockets = read.listeners.map(({ inode, uid: owner }) => ({ inode, uid: owner }));
  const reply = sockets.length === 0 ? undefined : await link().ask({ type: 'holders', sockets });
  if (sockets.length > 0 && reply?.type !== 'holders') {
    return { listeners: null, listenersUnknown: 'the gate is away, which alone may see who holds a socket' };
  }
  const holders = reply?.type === 'holders' ? reply.holders : [];
  const byInode = new Map(holders.map(({ inode, processes }) => [inode, processes]));
  const own = read.listeners.filter(({ inode }) =>
    byInode
      .get(inode)
      ?.some((process) => appOf(process as Process).title === app && (uid === undefined || process.uid === uid)),
  );
  const lost = read.listeners.some(({ inode }) => !byInode.has(inode));
  return {
    listeners: own.map(({ protocol, address, port, uid: owner }) => ({
      ...{ protocol, address: formatAddress(address), port, user: user(owner) },
    })),
    listenersUnknown: !read.complete
      ? `more than ${maxSocketsAsked} sockets wait for others: there may be more of this app`
      : lost
        ? 'of some sockets nobody was found who holds them: there may be more of this app'
        : null,
  };
}
