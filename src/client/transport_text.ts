/**
 * What the SDK's native side says of a connection that fails, for people.
 *
 * @module
 */

/** Text that comes from the native side's own types, in their debug format. */
const NATIVE = /tonic::|^Failed to call \w+: code:/;

/** What the native side means, where its own words do not say it. */
const PLAIN: readonly (readonly [native: RegExp, plain: string])[] = [
  [/InvalidContentType/, "it does not speak TLS, which an API key or a setting of TLS asks for"],
  [/FRAME_SIZE_ERROR/, "it does not answer as a Temporal server does: if it speaks TLS, set TEMPORAL_TLS=true"],
  [/Unexpected EOF decoding stream/, "it does not answer as a Temporal server does"],
  [/PrivateKeyParseError/, "the private key of the client certificate cannot be read"],
  [/KeyMismatch/, "client certificate and private key do not belong together"],
];

/** Leaves the cause of a failed connection without the types around it; other text stays as it is. */
export function transportText(text: string): string {
  // It begins with the name of the SDK's own parameter.
  if (!NATIVE.test(text)) return text.replace(/^fn client_new\S* /, "its address cannot be used: ");
  const plain = PLAIN.find(([native]) => native.test(text))?.[1];
  if (plain !== undefined) return plain;
  const certificate = /InvalidCertificate\((?:Other\(OtherError\()?(\w+)/.exec(text)?.[1];
  if (certificate !== undefined) return `its TLS certificate is refused: ${certificate}`;
  // The innermost cause comes last: what the operating system said, or the name of an error.
  const quoted = text.match(/"(?:[^"\\]|\\.)+"/g)?.at(-1)?.slice(1, -1);
  return quoted ?? `the handshake failed with ${/(\w+)[)} ]*$/.exec(text)?.[1]}`;
}

/** What an error says; where the SDK says only what it could not do, also why. */
export function fullMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name !== "ServiceError" || !(error.cause instanceof Error)) return error.message;
  return `${error.message}: ${transportText(error.cause.message)}`;
}
