/**
 * Makes the SDK's native connection errors readable.
 *
 * @module
 */

/** Debug output of the native side's own types. */
const NATIVE = /tonic::|^Failed to call \w+: code:/;

/** Plain text for native errors that are hard to understand. */
const PLAIN: readonly (readonly [native: RegExp, plain: string])[] = [
  [/InvalidContentType/, "it does not speak TLS, which an API key or a setting of TLS asks for"],
  [/FRAME_SIZE_ERROR/, "it does not answer as a Temporal server does: if it speaks TLS, set TEMPORAL_TLS=true"],
  [/Unexpected EOF decoding stream/, "it does not answer as a Temporal server does"],
  [/PrivateKeyParseError/, "the private key of the client certificate cannot be read"],
  [/KeyMismatch/, "client certificate and private key do not belong together"],
];

/** Strips a connection error down to its cause. Other text stays as it is. */
export function transportText(text: string): string {
  // The text begins with the name of the SDK's own parameter.
  if (!NATIVE.test(text)) return text.replace(/^fn client_new\S* /, "its address cannot be used: ");
  const plain = PLAIN.find(([native]) => native.test(text))?.[1];
  if (plain !== undefined) return plain;
  const certificate = /InvalidCertificate\((?:Other\(OtherError\()?(\w+)/.exec(text)?.[1];
  if (certificate !== undefined) return `its TLS certificate is refused: ${certificate}`;
  // The innermost cause comes last: a message of the operating system, or the name of an error.
  const quoted = text.match(/"(?:[^"\\]|\\.)+"/g)?.at(-1)?.slice(1, -1);
  return quoted ?? `the handshake failed with ${/(\w+)[)} ]*$/.exec(text)?.[1]}`;
}

/** The message of an error. If the SDK's message has no reason, the reason is added. */
export function fullMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name !== "ServiceError" || !(error.cause instanceof Error)) return error.message;
  return `${error.message}: ${transportText(error.cause.message)}`;
}
