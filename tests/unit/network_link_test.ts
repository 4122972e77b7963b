import { assertEquals, assertRejects } from "@std/assert";
import { NetworkLink } from "../../src/lab/harness/network_link.ts";
import { permittedTest } from "../support/permitted.ts";

/** Answers each connection with what it was sent, until it is disposed of. */
function echoServer(): Disposable & { readonly port: number } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  void (async () => {
    for await (const connection of listener) void connection.readable.pipeTo(connection.writable).catch(() => {});
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    [Symbol.dispose]: () => listener.close(),
  };
}

function connect({ port }: NetworkLink): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port });
}

/** What comes back, or an empty text where the connection has ended. */
async function echo(connection: Deno.TcpConn, text: string): Promise<string> {
  await connection.write(new TextEncoder().encode(text));
  const buffer = new Uint8Array(100);
  return new TextDecoder().decode(buffer.subarray(0, await connection.read(buffer) ?? 0));
}

permittedTest("NetworkLink passes bytes on, cuts what is open when it is severed, and can be restored", async () => {
  using server = echoServer();
  using link = new NetworkLink(server.port);
  using before = await connect(link);
  assertEquals(await echo(before, "hello"), "hello");

  link.sever();
  await assertCut(() => echo(before, "lost"));
  await assertCut(async () => {
    using during = await connect(link);
    return await echo(during, "lost");
  });

  link.restore();
  using after = await connect(link);
  assertEquals(await echo(after, "again"), "again");
});

permittedTest("NetworkLink tells one side when the other one ends", async () => {
  using server = echoServer();
  using link = new NetworkLink(server.port);
  using connection = await connect(link);
  assertEquals(await echo(connection, "hello"), "hello");
  await connection.closeWrite();
  assertEquals(await connection.read(new Uint8Array(1)), null);
});

/** A cut connection ends, or is reset: it never answers. */
async function assertCut(talk: () => Promise<string>): Promise<void> {
  await assertRejects(async () => {
    if (await talk() === "") throw new Error("ended");
  });
}
