// Whose a socket is, on the real kernel: from the flow of a packet to the program, with the kernel telling of every exec.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { copyFileSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attribution } from '#engine/types.ts';
import { SocketLookup } from '#kernel/netlink/socketlookup.ts';
import { ProcAttributor } from '#kernel/proc/attributor.ts';
import { openConnector } from '#kernel/process/connector.ts';
import { ProcessEvents } from '#kernel/process/events.ts';
import type { Direction, Endpoint, Flow } from '#model/flow.ts';
import { parseAddress } from '#model/net/address.ts';
import { protocolOf } from '#model/net/protocol.ts';
import { enterPair } from './pair.ts';
import { scratchFolder, start, until } from './programs.ts';

enterPair();

const perl = realpathSync('/usr/bin/perl');
const lookup = new SocketLookup();
const connector = openConnector();
const exits: number[] = [];
const attributor = new ProcAttributor({ lookup, told: true, onExit: (pid) => exits.push(pid) });
const events = new ProcessEvents(connector.fd, {
  onEvent: (event) => attributor.handle(event),
  onLost: () => attributor.distrust(),
});

after(() => {
  events.close();
  connector.close();
  attributor.close();
  lookup.close();
});

function endpoint(port: number, address = '127.0.0.1'): Endpoint {
  const parsed = parseAddress(address);
  assert.ok(parsed);
  return { address: parsed, port };
}

function flow(protocolNumber: number, local: number, remote: number, direction: Direction = 'out'): Flow {
  const [near, far] = [endpoint(local), endpoint(remote)];
  return { protocol: protocolOf(protocolNumber), protocolNumber, direction, local: near, remote: far };
}

function attribute(asked: Flow, uid?: number): Promise<Attribution> {
  events.drain();
  return new Promise((resolve) => attributor.attribute(asked, { uid, gid: uid }, resolve));
}

/** A line that the program prints. */
async function line(child: ChildProcess): Promise<string> {
  assert.ok(child.stdout);
  const [text] = (await once(createInterface(child.stdout), 'line')) as [string];
  return text;
}

const useSockets = 'use Socket; $| = 1;';
const udp = 'socket(S, PF_INET, SOCK_DGRAM, 17); bind(S, sockaddr_in(0, INADDR_LOOPBACK));';
const tellPort = 'print((sockaddr_in(getsockname S))[0] . "\\n");';

function perlProgram(context: TestContext, source: string, program = perl) {
  return start(context, program, ['-e', `${useSockets} ${source}`]);
}

before(() => until(() => attributor.processes > 5, 'learning what runs already'));

test('a connection belongs to who makes it, and what comes in to who listens', async (context) => {
  const listen = 'socket(S, PF_INET, SOCK_STREAM, 6); bind(S, sockaddr_in(0, INADDR_LOOPBACK)); listen(S, 9);';
  const server = await perlProgram(context, `${listen} ${tellPort} sleep 60`);
  const serverPort = Number(await line(server));
  const connect = `socket(S, PF_INET, SOCK_STREAM, 6); connect(S, sockaddr_in(${serverPort}, INADDR_LOOPBACK));`;
  const client = await perlProgram(context, `${connect} ${tellPort} sleep 60`);
  const clientPort = Number(await line(client));
  const out = await attribute(flow(6, clientPort, serverPort), 4711);
  assert.equal(out.process?.pid, client.pid);
  assert.equal(out.process?.exe, perl);
  assert.equal(out.process?.uid, 4711, 'the effective uid is the packet’s');
  assert.deepEqual(out.evidence, ['sock_diag', 'proc']);
  const incoming = await attribute(flow(6, serverPort, 9, 'in'));
  assert.equal(incoming.process?.pid, server.pid);
  assert.equal(incoming.process?.uid, 0);
});

test('datagrams belong to their socket, connected or not', async (context) => {
  const sender = await perlProgram(context, `${udp} ${tellPort} sleep 60`);
  const port = Number(await line(sender));
  assert.equal((await attribute(flow(17, port, 9))).process?.pid, sender.pid);
  assert.equal((await attribute(flow(17, port, 10), 0)).process?.pid, sender.pid);
  assert.equal((await attribute(flow(17, port, 9, 'in'))).process?.pid, sender.pid);
});

test('what nobody listens for is the kernel’s to answer', async () => {
  const found = await attribute(flow(17, 9, 9, 'in'));
  assert.deepEqual(found, { process: { kernel: true }, evidence: ['sock_diag'] });
  const reset = await attribute(flow(6, 9, 9));
  assert.deepEqual(reset.process, { kernel: true });
});

test('a user’s packet without a socket is that user’s, by no known program', async () => {
  assert.deepEqual(await attribute(flow(17, 9, 9), 1000), { process: { uid: 1000, gid: 1000 }, evidence: [] });
});

test('a forwarded packet has no program', async () => {
  assert.deepEqual(await attribute(flow(17, 9, 9, 'forward')), { process: undefined, evidence: [] });
});

test('a socket that its maker hands to another program while using it is neither’s for certain', async (context) => {
  // Without close-on-exec, an allowed program started by the maker holds the socket, too.
  const source = `$^F = 255; ${udp} if (!fork) { exec "sleep", "60" } select(undef, undef, undef, 0.2); ${tellPort} sleep 60`;
  const maker = await perlProgram(context, source);
  const port = Number(await line(maker));
  // Until it executes, the child is the program that its parent is.
  let { process } = await attribute(flow(17, port, 9), 0);
  for (const end = Date.now() + 30_000; process?.exe !== undefined && Date.now() < end; await sleep(20)) {
    ({ process } = await attribute(flow(17, port, 9), 0));
  }
  assert.equal(process?.uid, 0);
  assert.equal(process?.exe, undefined, 'not known, so that no rule for either program matches');
  assert.equal(process?.pid, undefined);
  assert.equal(process?.script, null);
});

test('a socket kept over exec belongs to the program that now runs', async (context) => {
  const maker = await perlProgram(context, `$^F = 255; ${udp} ${tellPort} exec "sleep", "60"`);
  const port = Number(await line(maker));
  // Before it can send anything as `sleep`, the kernel has told of its exec; /proc shows it a moment earlier.
  const runsSleep = async () => (await attribute(flow(17, port, 9), 0)).process?.exe?.endsWith('/sleep') === true;
  for (const end = Date.now() + 30_000; !(await runsSleep()) && Date.now() < end; ) await sleep(5);
  const { process } = await attribute(flow(17, port, 9), 0);
  assert.match(process?.exe ?? '', /sleep$/);
  assert.equal(process?.pid, maker.pid);
});

test('children that run what their parent runs share its sockets as one program', async (context) => {
  const maker = await perlProgram(context, `${udp} if (!fork) { sleep 60 } ${tellPort} sleep 60`);
  const { process } = await attribute(flow(17, Number(await line(maker)), 9), 0);
  assert.equal(process?.exe, perl);
});

test('300 sockets of one program, asked for at once', async (context) => {
  const source = `for (1..300) { socket(my $s, PF_INET, SOCK_DGRAM, 17); bind($s, sockaddr_in(0, INADDR_LOOPBACK)); push @all, $s }
    print join(",", map { (sockaddr_in(getsockname $_))[0] } @all) . "\\n"; sleep 60`;
  const program = await perlProgram(context, source);
  const ports = (await line(program)).split(',').map(Number);
  assert.equal(ports.length, 300);
  const found = await Promise.all(ports.map((port) => attribute(flow(17, port, 9), 0)));
  assert.ok(found.every(({ process }) => process?.pid === program.pid));
});

test('200 short-lived programs are each themselves', async (context) => {
  const folder = scratchFolder(context);
  const copies = Array.from({ length: 4 }, (_, index) => join(folder, `tool${index}`));
  for (const copy of copies) copyFileSync(perl, copy);
  const receiver = createSocket('udp4');
  context.after(() => receiver.close());
  receiver.bind(0, '127.0.0.1');
  await once(receiver, 'listening');
  const { port } = receiver.address();
  const right: boolean[] = [];
  receiver.on('message', async (message, sender) => {
    const { process } = await attribute(flow(17, sender.port, port), 0);
    const [pid, program] = message.toString().split(' ');
    right.push(String(process?.pid) === pid && process?.exe === program);
    receiver.send('done', sender.port);
  });
  // It begins, sends one datagram, hears that it was looked at, and ends: as when its packet is held.
  const to = `sockaddr_in(${port}, INADDR_LOOPBACK)`;
  const source = `${useSockets} ${udp} send(S, "$$ $ARGV[0]", 0, ${to}); recv(S, $x, 9, 0)`;
  const runs = 50;
  const shell = `for i in $(seq ${runs}); do ${copies.map((copy) => `${copy} -e '${source}' ${copy} &`).join(' ')} wait; done`;
  const all = await start(context, 'sh', ['-c', shell]);
  await once(all, 'exit');
  await until(() => right.length === runs * copies.length, 'the last answer');
  assert.equal(right.filter((answer) => !answer).length, 0);
});

test('a ping is its program; two are that program; with another raw socket beside it nothing is certain', async (context) => {
  const ping = () => start(context, 'ping', ['-q', '-i', '0.2', '127.0.0.1'], { running: '/ping' });
  const echo: Flow = { ...flow(1, 0, 0), icmp: { type: 8, code: 0 } };
  const first = await ping();
  let found: Attribution['process'];
  const settled = async (condition: (process: Attribution['process']) => boolean, what: string) => {
    for (const end = Date.now() + 30_000; ; await sleep(20)) {
      found = (await attribute(echo, 0)).process;
      if (condition(found)) return;
      if (Date.now() > end) assert.fail(`${what}: ${JSON.stringify(found)}`);
    }
  };
  await settled((process) => process?.pid === first.pid, 'one ping');
  assert.match(found?.exe ?? '', /\/ping$/);
  await ping();
  await settled((process) => process !== undefined && process.pid === undefined && process.exe !== undefined, 'two');
  assert.match(found?.exe ?? '', /\/ping$/);
  await perlProgram(context, 'socket(S, PF_INET, SOCK_RAW, 1) or die; sleep 60');
  await settled((process) => process?.exe === undefined, 'a ping and a raw socket');
  assert.equal(found?.uid, 0);
  // An echo request that comes in is answered by the kernel, whoever listens along.
  assert.deepEqual((await attribute({ ...echo, direction: 'in' })).process, { kernel: true });
  assert.deepEqual((await attribute(echo)).process, { kernel: true }, 'nobody’s packet goes out: an echo reply');
});

test('a hash and a package that a rule asks for are waited for', async (context) => {
  const copy = join(scratchFolder(context), 'copy');
  copyFileSync(perl, copy);
  const [own, installed] = [
    await perlProgram(context, `${udp} ${tellPort} sleep 60`, copy),
    await perlProgram(context, `${udp} ${tellPort} sleep 60`),
  ];
  const ports = [Number(await line(own)), Number(await line(installed))];
  attributor.need({ sha256: true, package: true });
  const [copied, packaged] = await Promise.all(ports.map((port) => attribute(flow(17, port as number, 9), 0)));
  attributor.need({ sha256: false, package: false });
  assert.match(packaged?.process?.sha256 ?? '', /^[0-9a-f]{64}$/);
  assert.equal(copied?.process?.sha256, packaged?.process?.sha256, 'a copy has the same content');
  assert.equal(copied?.process?.package, null, 'and comes in no package');
  assert.equal(packaged?.process?.package, 'perl-base');
  assert.match(packaged?.process?.packageVersion ?? '', /^\d/);
  assert.equal(packaged?.process?.sha256, createHash('sha256').update(readFileSync(perl)).digest('hex'));
});

test('the end of a process that was asked about is told', async (context) => {
  const sender = await perlProgram(context, `${udp} ${tellPort} sleep 60`);
  await attribute(flow(17, Number(await line(sender)), 9), 0);
  sender.kill();
  await until(() => {
    events.drain();
    return exits.includes(sender.pid);
  }, 'the exit');
});
