/**
 * A proxy in front of PostgreSQL that cuts connections at a given moment.
 *
 * @module
 */

/** What is lost: the message itself, its answer, or all that comes from then on without either end being told. */
export type Cut = "request" | "answer" | "line";

interface PlannedCut {
  readonly marker: string;
  readonly what: Cut;
  readonly before: () => Promise<unknown>;
}

/** Passes bytes between clients and a server, and cuts the connection when it was told to. */
export class PostgresProxy implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.TcpConn>();
  #cut: PlannedCut | undefined;

  /** @param serverPort Where the server listens, on the loopback interface; connections that are open stay with theirs. */
  constructor(public serverPort: number) {
    this.#accept();
  }

  /** Where the proxy listens. */
  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  /**
   * Cuts the connection that sends such a text next.
   *
   * @param before Runs before an answer is cut off, when the server has given it.
   */
  cutAt(marker: string, what: Cut, before: () => Promise<unknown> = () => Promise.resolve()): void {
    this.#cut = { marker, what, before };
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port: this.serverPort }).catch(() => undefined);
      if (server === undefined) {
        client.close();
        continue;
      }
      this.#open.add(client).add(server);
      this.#relay(client, server);
    }
  }

  async #relay(client: Deno.TcpConn, server: Deno.TcpConn): Promise<void> {
    let cut: PlannedCut | undefined;
    const close = () => {
      for (const connection of [client, server]) {
        if (this.#open.delete(connection)) connection.close();
      }
    };
    const toServer = async (bytes: Uint8Array) => {
      if (this.#cut !== undefined && new TextDecoder("latin1").decode(bytes).includes(this.#cut.marker)) {
        cut = this.#cut;
        this.#cut = undefined;
        if (cut.what === "request") return close();
      }
      if (cut?.what !== "line") await write(server, bytes);
    };
    const toClient = async (bytes: Uint8Array) => {
      if (cut === undefined) return await write(client, bytes);
      if (cut.what === "line") return;
      await cut.before();
      close();
    };
    await Promise.race([pump(client, toServer), pump(server, toClient)]);
    close();
  }

  /** Refuses new connections and cuts all that are open. */
  [Symbol.dispose](): void {
    this.#listener.close();
    for (const connection of this.#open) connection.close();
    this.#open.clear();
  }
}

async function pump(from: Deno.TcpConn, take: (bytes: Uint8Array) => Promise<void>): Promise<void> {
  const buffer = new Uint8Array(65_536);
  try {
    for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
      await take(buffer.subarray(0, count));
    }
  } catch {
    // One side is gone; the other one is closed with it.
  }
}

async function write(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}
