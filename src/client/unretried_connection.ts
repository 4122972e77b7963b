/**
 * Native connections that send each request once.
 *
 * The SDK's retries hide `RESOURCE_EXHAUSTED` for seconds, while a writer, which knows what each answer means, is back
 * after 30 ms. The SDK has the switch, but no option for it: this is the one place that knows where it is.
 *
 * @module
 */
import { NativeConnection } from "@temporalio/worker";

/** What the native side of the SDK is asked to send. */
type SendNative = (request: { readonly retry: boolean }) => Promise<unknown>;

/** What sends the requests of a native connection: hidden from its types. */
interface Sender {
  sendRequest(send: SendNative, ...rest: unknown[]): void;
}

/** What a native connection is made of: hidden from its types as well. */
interface Parts {
  readonly runtime: unknown;
  readonly nativeClient: unknown;
}

/** A native connection without the retries of the SDK. */
export class UnretriedConnection extends NativeConnection {
  /** The same connection for requests without retries. Whoever opened it closes it. */
  static over(connection: NativeConnection): NativeConnection {
    const { runtime, nativeClient } = connection as unknown as Parts;
    return Reflect.construct(UnretriedConnection, [runtime, nativeClient, false, connection.plugins]);
  }
}

const { sendRequest } = NativeConnection.prototype as unknown as Sender;
(UnretriedConnection.prototype as unknown as Sender).sendRequest = function (send, ...rest) {
  return sendRequest.call(this, (request) => send({ ...request, retry: false }), ...rest);
};
