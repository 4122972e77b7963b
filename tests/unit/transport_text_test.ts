import { assertEquals } from "@std/assert";
import { fullMessage, transportText } from "../../src/client/transport_text.ts";

/** Each as the SDK's native side has said it. */
const TEXTS: readonly (readonly [text: string, plain: string])[] = [
  [
    'tonic::transport::Error(Transport, ConnectError(ConnectError("tcp connect error", 127.0.0.1:1, Os { code: 111, kind: ' +
    'ConnectionRefused, message: "Connection refused" })))',
    "Connection refused",
  ],
  [
    'tonic::transport::Error(Transport, ConnectError(ConnectError("dns error", Custom { kind: Uncategorized, error: ' +
    '"failed to lookup address information: Name or service not known" })))',
    "failed to lookup address information: Name or service not known",
  ],
  [
    "Failed to call GetSystemInfo: code: 'Unknown error', message: \"transport error\", source: " +
    'tonic::transport::Error(Transport, hyper::Error(Io, Custom { kind: BrokenPipe, error: "stream closed because of a ' +
    'broken pipe" }))',
    "stream closed because of a broken pipe",
  ],
  [
    "tonic::transport::Error(Transport, ConnectError(Custom { kind: InvalidData, error: " +
    "InvalidMessage(InvalidContentType) }))",
    "it does not speak TLS, which an API key or a setting of TLS asks for",
  ],
  [
    "Failed to call GetSystemInfo: code: 'Unknown error', message: \"h2 protocol error: http2 error\", source: " +
    'tonic::transport::Error(Transport, hyper::Error(Http2, Error { kind: GoAway(b"", FRAME_SIZE_ERROR, Library) }))',
    "it does not answer as a Temporal server does: if it speaks TLS, set TEMPORAL_TLS=true",
  ],
  [
    "tonic::transport::Error(Transport, ConnectError(Custom { kind: InvalidData, error: InvalidCertificate(UnknownIssuer) }))",
    "its TLS certificate is refused: UnknownIssuer",
  ],
  [
    "tonic::transport::Error(Transport, ConnectError(Custom { kind: InvalidData, error: " +
    "InvalidCertificate(Other(OtherError(CaUsedAsEndEntity))) }))",
    "its TLS certificate is refused: CaUsedAsEndEntity",
  ],
  [
    "Failed to call GetSystemInfo: code: 'Internal error', message: \"Unexpected EOF decoding stream.\"",
    "it does not answer as a Temporal server does",
  ],
  [
    "tonic::transport::Error(Transport, PrivateKeyParseError)",
    "the private key of the client certificate cannot be read",
  ],
  [
    "tonic::transport::Error(Transport, InconsistentKeys(KeyMismatch))",
    "client certificate and private key do not belong together",
  ],
  ["tonic::transport::Error(Transport, NewError)", "the handshake failed with NewError"],
  ["fn client_new.args[1].targetUrl: invalid IPv4 address", "its address cannot be used: invalid IPv4 address"],
  [
    "Failed to call GetSystemInfo: code: 'Operation is not implemented or not supported', message: " +
    '"grpc-status header missing, mapped from HTTP status code 404"',
    "grpc-status header missing, mapped from HTTP status code 404",
  ],
  ['say "no" to it', 'say "no" to it'],
];

Deno.test("fullMessage() says why the SDK could not do what it says that it could not", () => {
  const cause = new Error('tonic::transport::Error(Transport, ConnectError("tcp connect error"))');
  const error = Object.assign(new Error("Failed to start Workflow", { cause }), { name: "ServiceError" });
  assertEquals(fullMessage(error), "Failed to start Workflow: tcp connect error");
  assertEquals(fullMessage(new Error("no row", { cause })), "no row");
  assertEquals(fullMessage("text"), "text");
});

for (const [text, plain] of TEXTS) {
  Deno.test(`transportText() leaves: ${plain}`, () => assertEquals(transportText(text), plain));
}
