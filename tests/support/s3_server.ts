/**
 * An S3-compatible server on this machine, for tests.
 *
 * @module
 */
import { Child } from "../../src/lab/harness/child.ts";

/** Where the server's program is: on PATH, or where `.ci/run` has put it. */
export function findMotoServer(): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  return folders.filter((folder) => folder !== "").map((folder) => `${folder}/moto_server`).find(isFile);
}

/** What to do where there is none, in a few words. */
export const INSTALL_S3_SERVER = "put an S3 server on PATH: pip install 'moto[server]==5.2.1'";

/** A server that keeps its objects in memory, with one bucket. */
export class S3Server implements AsyncDisposable {
  private constructor(private readonly child: Child, readonly endpoint: string, readonly bucket: string) {}

  /** Starts it on a free port. */
  static async start(program: string, bucket: string): Promise<S3Server> {
    const child = new Child(program, ["-H", "127.0.0.1", "-p", "0"], { env: { PYTHONUNBUFFERED: "1" } });
    const [endpoint] = await child.until(/http:\/\/127\.0\.0\.1:\d+(?=\s)/);
    const server = new S3Server(child, endpoint, bucket);
    await server.#request("PUT", "");
    return server;
  }

  /** Keys of all objects. */
  async keys(): Promise<string[]> {
    const text = await (await this.#request("GET", "?list-type=2")).text();
    return [...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key.replaceAll("&amp;", "&")).sort();
  }

  /** Removes all objects. */
  async clear(): Promise<void> {
    await (await fetch(`${this.endpoint}/moto-api/reset`, { method: "POST" })).body?.cancel();
    await this.#request("PUT", "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.kill();
  }

  async #request(method: string, rest: string): Promise<Response> {
    const response = await fetch(`${this.endpoint}/${this.bucket}${rest}`, { method });
    if (response.ok) return response;
    throw new Error(`${method} of ${this.bucket}${rest} was answered with ${response.status}`);
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
