/** The only interface that servers started here listen on. */
export const LOOPBACK = "127.0.0.1";

/** Tells whether anything accepts TCP connections on a local port. */
export async function isListening(port: number): Promise<boolean> {
  try {
    const connection = await Deno.connect({ hostname: LOOPBACK, port });
    connection.close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

/** Returns a local port that nothing listens on. Another process may take it before it is used. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: LOOPBACK, port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}
