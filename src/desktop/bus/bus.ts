// One connection to the user's session bus: calls, signals, names, and its end. No failure of the bus is thrown.
import { Message, type MessageBus, NameFlag, RequestNameReply, sessionBus } from '@jellybrick/dbus-next';
import { fail, ok, type Result } from '#std/result.ts';

export interface Signal {
  readonly sender: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly body: readonly unknown[];
}

export interface Call {
  readonly to: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly body?: readonly unknown[];
}

/** Where the session bus of this user is; undefined: nothing says so. */
export function sessionAddress(environment: NodeJS.ProcessEnv): string | undefined {
  const { DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR } = environment;
  if ((DBUS_SESSION_BUS_ADDRESS ?? '') !== '') return DBUS_SESSION_BUS_ADDRESS;
  return (XDG_RUNTIME_DIR ?? '') === '' ? undefined : `unix:path=${XDG_RUNTIME_DIR}/bus`;
}

const callMs = 10_000;
const daemon = { to: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus' };

export class SessionBus {
  readonly bus: MessageBus;
  /** Settled when the bus has gone. */
  readonly closed: Promise<void>;
  #open = true;
  readonly #listeners = new Set<(signal: Signal) => void>();

  private constructor(bus: MessageBus, closed: Promise<void>) {
    this.bus = bus;
    this.closed = closed.then(() => {
      this.#open = false;
    });
    bus.on('message', (message) => {
      // Of type signal (4).
      if (message.type === 4) for (const listener of this.#listeners) listener(message);
    });
  }

  static async connect(address: string): Promise<Result<SessionBus>> {
    let bus: MessageBus;
    try {
      bus = sessionBus({ busAddress: address });
    } catch (error) {
      return fail((error as Error).message);
    }
    const ended = Promise.withResolvers<void>();
    return new Promise((resolve) => {
      // The library tells only of errors; a stream that ends in peace is one too.
      (bus as unknown as NodeJS.EventEmitter).on('error', (error: Error) => {
        resolve(fail(error.message));
        ended.resolve();
      });
      (bus as unknown as { _connection: NodeJS.EventEmitter })._connection.on('end', () => {
        resolve(fail('it ended the connection'));
        ended.resolve();
      });
      bus.once('connect', () => resolve(ok(new SessionBus(bus, ended.promise))));
    });
  }

  get open(): boolean {
    return this.#open;
  }

  /** What came back; the error is what the other side said. */
  async call({ to, signature = '', body = [], ...rest }: Call): Promise<Result<readonly unknown[]>> {
    if (!this.#open) return fail('the session bus has gone');
    let timer: NodeJS.Timeout | undefined;
    const silent = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${to} does not answer`)), callMs);
    });
    try {
      const message = new Message({ ...rest, destination: to, signature, body: [...body] });
      const reply = await Promise.race([this.bus.call(message), silent, this.closed]);
      return reply ? ok(reply.body) : fail('the session bus has gone');
    } catch (error) {
      return fail((error as Error).message);
    } finally {
      clearTimeout(timer);
    }
  }

  emit(path: string, name: string, member: string, signature: string, body: unknown[]): void {
    if (!this.#open) return;
    try {
      this.bus.send(Message.newSignal(path, name, member, signature, body));
    } catch {
      // The bus went just now.
    }
  }

  /** Hears signals by a match rule, and what is sent to this connection alone. */
  async listen(rule: string, listener: (signal: Signal) => void): Promise<void> {
    this.#listeners.add(listener);
    await this.call({ ...daemon, member: 'AddMatch', signature: 's', body: [rule] });
  }

  /** Who has this name, now and whenever it changes; undefined: nobody. */
  async watchName(name: string, changed: (owner: string | undefined) => void): Promise<void> {
    const rule = `type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='${name}'`;
    let told = false;
    await this.listen(rule, ({ sender, member, body }) => {
      if (sender !== daemon.to || member !== 'NameOwnerChanged' || body[0] !== name) return;
      told = true;
      changed(body[2] === '' ? undefined : String(body[2]));
    });
    const asked = await this.call({ ...daemon, member: 'GetNameOwner', signature: 's', body: [name] });
    if (!told) changed(asked.ok ? String(asked.value[0]) : undefined);
  }

  /** Takes a name that nobody has; false: somebody has it. */
  async takeName(name: string): Promise<boolean> {
    const asked = await this.call({
      ...daemon,
      member: 'RequestName',
      signature: 'su',
      body: [name, NameFlag.DO_NOT_QUEUE],
    });
    const { PRIMARY_OWNER, ALREADY_OWNER } = RequestNameReply;
    return asked.ok && [PRIMARY_OWNER, ALREADY_OWNER].includes(asked.value[0] as never);
  }

  close(): void {
    if (this.#open) this.bus.disconnect();
  }
}
