/**
 * A hash that never changes, in any process or version.
 *
 * @module
 */

const FNV_OFFSET_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * FNV-1a, 32 bits, over the UTF-8 bytes of a text (RFC 9923). Named and fixed, as every process must route alike.
 *
 * @returns A whole number from 0 to 2^32 - 1.
 */
export function fnv1a32(text: string): number {
  let hash = FNV_OFFSET_BASIS;
  for (const character of text) {
    const point = character.codePointAt(0)!;
    if (point < 0x80) {
      hash = step(hash, point);
    } else if (point < 0x800) {
      hash = step(step(hash, 0xc0 | point >> 6), 0x80 | point & 0x3f);
    } else if (point < 0x10000) {
      hash = step(step(step(hash, 0xe0 | point >> 12), 0x80 | point >> 6 & 0x3f), 0x80 | point & 0x3f);
    } else {
      hash = step(step(hash, 0xf0 | point >> 18), 0x80 | point >> 12 & 0x3f);
      hash = step(step(hash, 0x80 | point >> 6 & 0x3f), 0x80 | point & 0x3f);
    }
  }
  return hash >>> 0;
}

function step(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, FNV_PRIME);
}
