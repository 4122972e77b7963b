/**
 * What the SDK's native side says of a connection that fails, for people.
 *
 * @module
 */

/** Text that comes from the native side's own types, in their debug format. */
const NATIVE = /tonic::|^Failed to call \w+: code:/;

/** Leaves the cause of a failed connection without the types around it; other text stays as it is. */
export function transportText(text: string): string {
  if (!NATIVE.test(text)) return text;
  // The innermost cause comes last: what the operating system said, or the name of an error.
  const quoted = text.match(/"(?:[^"\\]|\\.)+"/g)?.at(-1)?.slice(1, -1);
  return quoted ?? `the handshake failed with ${/(\w+)[)} ]*$/.exec(text)?.[1]}`;
}
