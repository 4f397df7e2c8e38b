/**
 * Lets psql and other clients into the embedded warehouse, over the Postgres protocol.
 *
 * PGlite has one session. A client holds it from its first message until the server says "ready, outside a
 * transaction"; the pipeline waits meanwhile, as it would for a lock. The package that does the same brings
 * seven extensions along as peers, so it is done here, where forwarding bytes is all there is to do.
 */
import { createServer, type Socket } from 'node:net';

/** What is needed of PGlite. */
export interface WireDatabase {
  execProtocolRaw(message: Uint8Array): Promise<Uint8Array>;
  /** Runs alone: nobody else's statement comes between. */
  runExclusive<T>(work: () => Promise<T>): Promise<T>;
}

export interface WireServer {
  /** `postgres://…` for a client. */
  readonly url: string;
  close(): Promise<void>;
}

const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
const CANCEL_REQUEST = 80_877_102;

/** Serves the database on loopback. */
export async function serveWire(database: WireDatabase, port = 0): Promise<WireServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    serve(socket, database);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the warehouse got no port');
  return {
    url: `postgres://postgres@127.0.0.1:${address.port}/postgres?sslmode=disable`,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function serve(socket: Socket, database: WireDatabase): void {
  const inbox = new Inbox();
  let isServing = false;
  socket.on('data', (chunk: Buffer) => {
    inbox.push(chunk);
    if (!isServing) {
      isServing = true;
      session().finally(() => {
        isServing = false;
      });
    }
  });
  socket.on('close', () => inbox.close());

  /** Answers messages until the session is idle, holding the database from the first to the last of them. */
  async function session(): Promise<void> {
    await database.runExclusive(async () => {
      for (let message = await inbox.next(); message !== null; message = await inbox.next()) {
        if (message.kind === 'ssl') {
          socket.write('N');
          return;
        }
        if (message.kind === 'cancel' || message.bytes[0] === TERMINATE) {
          socket.end();
          return;
        }
        const answer = await database.execProtocolRaw(message.bytes);
        socket.write(answer);
        if (isReady(answer)) return;
      }
      // The client went away inside a transaction.
      await database.execProtocolRaw(query('rollback'));
    });
    if (inbox.hasMessage()) await session();
  }
}

const TERMINATE = 'X'.charCodeAt(0);

/** True when the answer ends with ReadyForQuery outside a transaction. */
const isReady = (answer: Uint8Array): boolean =>
  answer.length >= 6 && answer.at(-6) === 'Z'.charCodeAt(0) && answer.at(-1) === 'I'.charCodeAt(0);

function query(sql: string): Uint8Array {
  const text = Buffer.from(`${sql}\0`);
  const message = Buffer.alloc(5 + text.length);
  message.write('Q');
  message.writeInt32BE(4 + text.length, 1);
  text.copy(message, 5);
  return message;
}

interface Message {
  readonly kind: 'ssl' | 'cancel' | 'message';
  readonly bytes: Uint8Array;
}

/** Cuts a client's bytes into messages. The first one has no type byte. */
class Inbox {
  #bytes = Buffer.alloc(0);
  #isStarted = false;
  #isClosed = false;
  #wake: (() => void) | null = null;

  push(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    this.#wake?.();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake?.();
  }

  hasMessage(): boolean {
    return this.#length() !== null;
  }

  /** The next message; null when the client is gone. */
  async next(): Promise<Message | null> {
    for (;;) {
      if (this.#isClosed) return null;
      const length = this.#length();
      if (length !== null) return this.#take(length);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #length(): number | null {
    const header = this.#isStarted ? 1 : 0;
    if (this.#bytes.length < header + 4) return null;
    const length = header + this.#bytes.readInt32BE(header);
    return this.#bytes.length < length ? null : length;
  }

  #take(length: number): Message {
    const bytes = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    if (this.#isStarted) return { kind: 'message', bytes };
    const code = length === 8 || length === 16 ? bytes.readInt32BE(4) : 0;
    if (code === SSL_REQUEST || code === GSS_REQUEST) return { kind: 'ssl', bytes };
    if (code === CANCEL_REQUEST) return { kind: 'cancel', bytes };
    this.#isStarted = true;
    return { kind: 'message', bytes };
  }
}
