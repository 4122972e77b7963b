/**
 * A faster way of payloads into the sandbox, on Deno.
 *
 * The SDK runs workflows in a thread and sends it each activation as a message. Deno looks through every message that a
 * thread gets for ports, property by property, and so byte by byte through each payload: about half of the thread's time
 * (V8's profiler on `bench throughput`, Deno 2.9.6). A text has no properties, and the SDK's `fromObject`, which reads the
 * message, takes base64 for any field of bytes.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** Smaller ones are left as they are. */
const TEXT_FROM_BYTES = 256;

/** Types whose runs get their bytes as text: other people's workflows are left alone. */
const types = new Set<string>();

/** The SDK's class for a workflow in a thread, as far as this module looks at it. The SDK may change it at any time. */
interface ThreadModule {
  readonly VMWorkflowThreadProxy?: { create?: (client: unknown, options?: ThreadOptions) => Promise<ThreadProxy> };
}

interface ThreadOptions {
  readonly info?: { readonly workflowType?: string };
}

interface ThreadProxy {
  activate?: (activation: unknown) => Promise<unknown>;
}

let patched: Promise<void> | undefined;

/** Has the runs of a workflow type get the bytes of their activations as text. Nothing changes elsewhere than on Deno. */
export async function sendBytesAsText(workflowType: string): Promise<void> {
  if (!("Deno" in globalThis)) return;
  types.add(workflowType);
  await (patched ??= import("@temporalio/worker/lib/workflow/threaded-vm.js").then(
    (module) => patchThreads(module as unknown as ThreadModule),
    // Without the module workers are slower, and that is all.
    () => {},
  ));
}

/** Has threads be sent text. Does nothing where the SDK's class is not as it was. */
export function patchThreads({ VMWorkflowThreadProxy }: ThreadModule): void {
  const create = VMWorkflowThreadProxy?.create;
  if (create === undefined) return;
  VMWorkflowThreadProxy!.create = async function (client, options) {
    const proxy = await create.call(this, client, options);
    const { activate } = proxy;
    if (activate !== undefined && types.has(options?.info?.workflowType ?? "")) {
      proxy.activate = (activation) => activate.call(proxy, bytesAsText(activation));
    }
    return proxy;
  };
}

/** A copy in which larger fields of bytes are base64. Like a message to a thread, it has no prototypes. */
export function bytesAsText<T>(value: T): T;
export function bytesAsText(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) {
    return value.length < TEXT_FROM_BYTES
      ? value
      : Buffer.from(value.buffer, value.byteOffset, value.length).toString("base64");
  }
  if (Array.isArray(value)) return value.map((member) => bytesAsText(member));
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, bytesAsText(field)]));
}
