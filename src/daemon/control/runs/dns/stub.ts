// The name server of one command: it answers what a rule of the command allows, and reports the rest, so that names are no way out.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type Address, formatAddress } from '#model/net/address.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { Desk, type DnsStubCounts } from './desk.ts';
import type { DnsStubPlan } from './plan.ts';
import { TcpDoor } from './tcpdoor.ts';
import { type Patience, Upstreams } from './upstreams.ts';

/** How often another port is tried when the one that was free for UDP is not for TCP. */
const tries = 16;

export class DnsStub {
  /** The same for UDP and TCP. */
  readonly port: number;
  readonly #udp: Socket;
  readonly #tcp: TcpDoor;
  readonly #desk: Desk;
  readonly #upstreams: Upstreams;

  private constructor(port: number, udp: Socket, tcp: TcpDoor, desk: Desk, upstreams: Upstreams) {
    this.port = port;
    this.#udp = udp;
    this.#tcp = tcp;
    this.#desk = desk;
    this.#upstreams = upstreams;
  }

  /** At an address of the loopback; port 0, or none, is any that is free. The error is a sentence. */
  static async listen(
    plan: DnsStubPlan,
    at: { readonly address: Address; readonly port?: number },
    patience?: Patience,
  ): Promise<Result<DnsStub>> {
    const host = formatAddress(at.address);
    const wanted = at.port ?? 0;
    const upstreams = new Upstreams(plan.upstreams, plan.now, patience);
    const desk = new Desk(plan, (question) => upstreams.ask(question));
    for (let attempt = 1; ; attempt++) {
      const udp = createSocket(at.address.family === 4 ? 'udp4' : 'udp6');
      const tcp = new TcpDoor((bytes) => desk.answer(bytes, 'tcp'));
      try {
        udp.bind({ address: host, port: wanted, exclusive: true });
        await once(udp, 'listening');
        const { port } = udp.address();
        tcp.server.listen({ host, port, exclusive: true });
        await once(tcp.server, 'listening');
        answerDatagrams(udp, desk);
        tcp.server.on('error', () => {});
        return ok(new DnsStub(port, udp, tcp, desk, upstreams));
      } catch (error) {
        udp.close();
        const { code, message } = error as NodeJS.ErrnoException;
        if (code === 'EADDRINUSE' && wanted === 0 && attempt < tries) continue;
        return fail(`the name server of the command cannot listen at ${host}: ${message}`);
      }
    }
  }

  get counts(): DnsStubCounts {
    return this.#desk.counts;
  }

  /** What is still asked gets no answer. */
  async close(): Promise<void> {
    const closed = once(this.#udp, 'close');
    this.#udp.close();
    await Promise.all([closed, this.#tcp.close()]);
    this.#upstreams.close();
  }
}

function answerDatagrams(udp: Socket, desk: Desk): void {
  let open = true;
  udp.on('close', () => {
    open = false;
  });
  // A client that is gone is no reason to stop.
  udp.on('error', () => {});
  udp.on('message', (bytes, { address, port }) => {
    void desk
      .answer(bytes, 'udp')
      .then((answer) => {
        if (answer !== undefined && open) udp.send(answer, port, address, () => {});
      })
      .catch(() => {});
  });
}
