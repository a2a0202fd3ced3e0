// The kinds of answers that a real name server gives: each makes a name known for the address that a program then reaches.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Lab, type Postern } from './lab.ts';
import { world } from './namespaces.ts';
import { Resolver } from './resolver.ts';

const site = '198.51.100.7';
const [first, second] = ['203.0.113.20', '203.0.113.21'];
const many = Array.from({ length: 60 }, (_, index) => `203.0.113.${index + 20}`);
/** Asks for an HTTPS record (RFC 9460) over UDP and connects to the address that it hints at. */
const byHint = `import socket, struct, sys
server, name = sys.argv[1:3]
labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
asked = struct.pack(">HHHHHH", 4711, 0x100, 1, 0, 0, 0) + labels + b"\\0" + struct.pack(">HH", 65, 1)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.settimeout(10)
    s.sendto(asked, (server, 53))
    answer = s.recv(4096)
with socket.create_connection((socket.inet_ntoa(answer[-4:]), 80), 10): print("ok")`;
/** Waits between the answer and the connect. */
const later = `import socket, sys, time
address = socket.getaddrinfo(sys.argv[1], None, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]
time.sleep(3)
with socket.create_connection((address, 80), 10): print("ok")`;

describe('answers of a name server', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let resolver: Resolver;

  before(async () => {
    lab = await Lab.create();
    resolver = new Resolver(lab);
    for (const address of many) lab.address(address);
    const hint = [203, 0, 113, 20].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    await resolver.start([
      `host-record=end.kinds.example,${site},300`,
      'cname=middle.kinds.example,end.kinds.example,300',
      'cname=begin.kinds.example,middle.kinds.example,300',
      `host-record=six.kinds.example,${world.v6},300`,
      `host-record=short.kinds.example,${site},1`,
      `host-record=round.kinds.example,${first}`,
      `host-record=round.kinds.example,${second}`,
      `host-record=shared.kinds.example,${site},300`,
      `host-record=other.example,${site},300`,
      ...many.map((address) => `host-record=big.kinds.example,${address}`),
      `dns-rr=hint.kinds.example,65,00010000040004${hint}`,
    ]);
    postern = await lab.postern({
      mode: 'lockdown',
      rules: {
        '10.yaml': `rules:
  - { name: kinds, action: allow, app: [/usr/bin/curl, /usr/bin/python3], to: "*.kinds.example" }
`,
      },
    });
  });
  after(async () => {
    await postern?.stop();
    await lab?.close();
  });

  const reaches = async (url: string) => (await lab.curl(url)).code;
  const python = async (code: string, ...args: string[]) => {
    const ran = await lab.run(['/usr/bin/python3', '-c', code, ...args]);
    return ran.stdout.trim() || ran.stderr.trim().split('\n').at(-1);
  };

  test('a chain of aliases: the name that was asked for', async () => {
    assert.equal(await reaches('http://begin.kinds.example/'), 0);
    const shown = /begin\.kinds\.example 198\.51\.100\.7:80\/tcp allowed by rule "kinds"/;
    await postern.until(async () => shown.test((await postern.cli(['log', '--limit', '20'])).stdout), 'it in the log');
  });

  test('IPv6', async () => {
    assert.equal(await reaches('http://six.kinds.example/'), 0);
    assert.notEqual(await reaches(`http://[${world.v6}]/`), 0);
  });

  test('a time to live of a second, and a program that takes its time', async () => {
    assert.equal(await python(later, 'short.kinds.example'), 'ok');
  });

  test('several addresses in turn', async () => {
    for (let round = 0; round < 6; round++) assert.equal(await reaches('http://round.kinds.example/'), 0, `${round}`);
    for (const address of [first, second]) assert.notEqual(await reaches(`http://${address}/`), 0, 'not by itself');
  });

  test('two names of one address', async () => {
    assert.equal(await reaches('http://shared.kinds.example/'), 0);
    assert.notEqual(await reaches('http://other.example/'), 0);
  });

  test('too long for a datagram: cut, and asked for again over TCP', async () => {
    for (let round = 0; round < 3; round++) assert.equal(await reaches('http://big.kinds.example/'), 0, `${round}`);
  });

  test('an HTTPS record that hints at an address', async () => {
    assert.equal(await python(byHint, resolver.address, 'hint.kinds.example'), 'ok');
  });
});
