/**
 * A network link that can be severed, or cut at a given moment.
 *
 * @module
 */

const LOOPBACK = "127.0.0.1";

/** What a cut loses: the message itself, its answer, or all that comes from then on without either end being told. */
export type Cut = "request" | "answer" | "line";

interface PlannedCut {
  readonly marker: string;
  readonly what: Cut;
  readonly before: () => Promise<unknown>;
}

/** Passes bytes between clients and a server on this machine. */
export class NetworkLink implements Disposable {
  readonly #listener = Deno.listen({ hostname: LOOPBACK, port: 0 });
  readonly #open = new Set<Deno.TcpConn>();
  #severed = false;
  #cut: PlannedCut | undefined;

  /** @param serverPort Where the far end listens; connections that are open stay with theirs when it is set. */
  constructor(public serverPort: number) {
    void this.#accept();
  }

  /** Where the near end listens. */
  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  /** `host:port` of the near end. */
  get address(): string {
    return `${LOOPBACK}:${this.port}`;
  }

  /** Cuts every connection, and each new one at once, until {@linkcode restore}. What is on its way is lost. */
  sever(): void {
    this.#severed = true;
    this.#close(...this.#open);
  }

  /** Lets connections through again. */
  restore(): void {
    this.#severed = false;
  }

  /**
   * Cuts the connection that sends such a text next.
   *
   * @param before Runs before an answer is cut off, when the server has given it.
   */
  cutAt(marker: string, what: Cut, before: () => Promise<unknown> = () => Promise.resolve()): void {
    this.#cut = { marker, what, before };
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    this.sever();
  }

  #close(...connections: readonly Deno.TcpConn[]): void {
    for (const connection of connections) if (this.#open.delete(connection)) connection.close();
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) void this.#connect(near);
  }

  async #connect(near: Deno.TcpConn): Promise<void> {
    this.#open.add(near);
    const server = { hostname: LOOPBACK, port: this.serverPort };
    const far = this.#severed ? undefined : await Deno.connect(server).catch(() => undefined);
    if (far !== undefined) this.#open.add(far);
    // It may have been severed while it connected.
    if (far === undefined || this.#severed) return this.#close(near, ...far === undefined ? [] : [far]);
    let cut: PlannedCut | undefined;
    const toServer = async (bytes: Uint8Array) => {
      if (this.#cut !== undefined && new TextDecoder("latin1").decode(bytes).includes(this.#cut.marker)) {
        cut = this.#cut;
        this.#cut = undefined;
        if (cut.what === "request") return this.#close(near, far);
      }
      if (cut?.what !== "line") await write(far, bytes);
    };
    const toClient = async (bytes: Uint8Array) => {
      if (cut === undefined) return await write(near, bytes);
      if (cut.what === "line") return;
      await cut.before();
      this.#close(near, far);
    };
    await Promise.race([pass(near, toServer), pass(far, toClient)]);
    this.#close(near, far);
  }
}

/** Reads until one side ends. */
async function pass(from: Deno.TcpConn, take: (bytes: Uint8Array) => Promise<void>): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  try {
    for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
      await take(buffer.subarray(0, count));
    }
  } catch {
    // A cut connection is what a link is for.
  }
}

async function write(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}
