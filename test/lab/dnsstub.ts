// The stub of a command by itself, as a program: `node dnsstub.ts UPSTREAM NAME…` listens at port 53 of the loopback, answers these
// names and what is below them, and prints a line for all that it tells.
import { formatAddress, parseAddress } from '#model/net/address.ts';
import { DnsStub } from '../../src/daemon/control/runs/dns/stub.ts';

const [upstream = '', ...names] = process.argv.slice(2);
const address = parseAddress(upstream);
const loopback = parseAddress('127.0.0.1');
if (address === undefined || loopback === undefined) throw new Error(`${upstream} is no address`);

const say = (line: string) => process.stdout.write(`${line}\n`);
const stub = await DnsStub.listen(
  {
    upstreams: [{ address, port: 53 }],
    allows: (name) => names.some((one) => name === one || name.endsWith(`.${one}`)),
    learned: async ({ name, addresses }) =>
      void say(`learned ${name} ${addresses.map((one) => formatAddress(one.address)).join(' ')}`),
    refused: ({ name, type, reason }) => say(`refused ${name} ${type} ${reason}`),
    answered: ({ name, type }) => say(`answered ${name} ${type}`),
    now: () => performance.now(),
  },
  { address: loopback, port: 53 },
);
if (!stub.ok) throw new Error(stub.error);
say('ready');
