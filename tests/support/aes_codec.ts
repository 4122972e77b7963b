import type { Payload, PayloadCodec } from "@temporalio/common";

const ENCODING = new TextEncoder().encode("binary/encrypted");
const IV_BYTES = 12;

/** Encrypts payloads with AES-GCM and a key of its own. */
export class AesCodec implements PayloadCodec {
  #key: Promise<CryptoKey> = crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);

  encode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.all(payloads.map(async (payload) => {
      const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
      const plain = new TextEncoder().encode(
        JSON.stringify([toText(payload.metadata!.encoding), toText(payload.data!)]),
      );
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
      const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, await this.#key, data.subarray(IV_BYTES));
      const [encoding, body] = JSON.parse(new TextDecoder().decode(plain));
      return { metadata: { encoding: toBytes(encoding) }, data: toBytes(body) };
    }));
  }
}

function toText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

function toBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}
