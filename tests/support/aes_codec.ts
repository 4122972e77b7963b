import type { Payload, PayloadCodec } from "@temporalio/common";

const ENCODING = new TextEncoder().encode("binary/encrypted");
const IV_BYTES = 12;

/** Encrypts payloads with AES-GCM and a key of its own. */
export class AesCodec implements PayloadCodec {
  #key: Promise<CryptoKey> = crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);

  encode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.all(payloads.map(async (payload) => {
      const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
      const { encoding } = payload.metadata!;
      const plain = new Uint8Array(1 + encoding.length + payload.data!.length);
      plain[0] = encoding.length;
      plain.set(encoding, 1);
      plain.set(payload.data!, 1 + encoding.length);
      const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await this.#key, plain));
      const data = new Uint8Array(IV_BYTES + sealed.length);
      data.set(iv);
      data.set(sealed, IV_BYTES);
      return { metadata: { encoding: ENCODING }, data };
    }));
  }

  decode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.all(payloads.map(async (payload) => {
      if (new TextDecoder().decode(payload.metadata!.encoding) !== "binary/encrypted") return payload;
      const data = new Uint8Array(payload.data!);
      const iv = data.subarray(0, IV_BYTES);
      const plain = new Uint8Array(
        await crypto.subtle.decrypt({ name: "AES-GCM", iv }, await this.#key, data.subarray(IV_BYTES)),
      );
      const end = 1 + plain[0];
      return { metadata: { encoding: plain.subarray(1, end) }, data: plain.subarray(end) };
    }));
  }
}
