/**
 * Native connections that send each request once.
 *
 * The SDK's retries hide `RESOURCE_EXHAUSTED` for seconds, while a writer can send again after 30 ms. The SDK has no
 * public option to turn them off, so this module sets its internal one.
 *
 * @module
 */
import { NativeConnection } from "@temporalio/worker";

/** Sends one request through the native side of the SDK. */
type SendNative = (request: { readonly retry: boolean }) => Promise<unknown>;

/** The method that sends requests: hidden from the types of a native connection. */
interface Sender {
  sendRequest(send: SendNative, ...rest: unknown[]): void;
}

/** The parts of a native connection: hidden from its types as well. */
interface Parts {
  readonly runtime: unknown;
  readonly nativeClient: unknown;
}

/** A native connection without the retries of the SDK. */
export class UnretriedConnection extends NativeConnection {
  /** Wraps a connection for requests without retries. Its owner still closes it. */
  static over(connection: NativeConnection): NativeConnection {
    const { runtime, nativeClient } = connection as unknown as Parts;
    return Reflect.construct(UnretriedConnection, [runtime, nativeClient, false, connection.plugins]);
  }
}

const { sendRequest } = NativeConnection.prototype as unknown as Sender;
(UnretriedConnection.prototype as unknown as Sender).sendRequest = function (send, ...rest) {
  return sendRequest.call(this, (request) => send({ ...request, retry: false }), ...rest);
};
