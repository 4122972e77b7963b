/**
 * A network link that can be severed.
 *
 * @module
 */

const LOOPBACK = "127.0.0.1";

/** Passes bytes between processes and a server; severed, it cuts every connection and takes no new one. */
export class NetworkLink implements Disposable {
  readonly #listener = Deno.listen({ hostname: LOOPBACK, port: 0 });
  readonly #server: { readonly hostname: string; readonly port: number };
  readonly #open = new Set<Deno.TcpConn>();
  #severed = false;

  /** @param serverAddress `host:port` at the far end. */
  constructor(serverAddress: string) {
    const colon = serverAddress.lastIndexOf(":");
    this.#server = { hostname: serverAddress.slice(0, colon), port: Number(serverAddress.slice(colon + 1)) };
    void this.#accept();
  }

  /** `host:port` of the near end. */
  get address(): string {
    return `${LOOPBACK}:${(this.#listener.addr as Deno.NetAddr).port}`;
  }

  /** Cuts every connection, and each new one at once, until {@linkcode mend}. What is on its way is lost. */
  sever(): void {
    this.#severed = true;
    for (const connection of this.#open) connection.close();
    this.#open.clear();
  }

  /** Lets connections through again. */
  mend(): void {
    this.#severed = false;
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    this.sever();
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) void this.#connect(near);
  }

  async #connect(near: Deno.TcpConn): Promise<void> {
    const far = this.#severed ? undefined : await Deno.connect(this.#server).catch(() => undefined);
    // It may have been severed while it connected.
    if (far === undefined || this.#severed) {
      near.close();
      far?.close();
      return;
    }
    this.#open.add(near).add(far);
    await Promise.all([pass(near, far), pass(far, near)]);
    for (const connection of [near, far]) {
      if (this.#open.delete(connection)) connection.close();
    }
  }
}

/** Passes bytes on until one side ends; then the other one is told. */
async function pass(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  try {
    for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
      for (let written = 0; written < read;) written += await to.write(buffer.subarray(written, read));
    }
    await to.closeWrite();
  } catch {
    // A cut connection is what a link is for.
  }
}
