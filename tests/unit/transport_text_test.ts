import { assertEquals } from "@std/assert";
import { transportText } from "../../src/client/transport_text.ts";

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
    "the handshake failed with InvalidContentType",
  ],
  [
    "Failed to call GetSystemInfo: code: 'Operation is not implemented or not supported', message: " +
    '"grpc-status header missing, mapped from HTTP status code 404"',
    "grpc-status header missing, mapped from HTTP status code 404",
  ],
  ['say "no" to it', 'say "no" to it'],
];

for (const [text, plain] of TEXTS) {
  Deno.test(`transportText() leaves: ${plain}`, () => assertEquals(transportText(text), plain));
}
