/**
 * Lines of text that comes in pieces.
 *
 * @module
 */

/**
 * Cuts text into its lines, without their line feeds. A last line without one is a line too.
 *
 * A piece is asked for when the lines of the one before are used up: where reading fails, none of them is lost.
 */
export async function* textLines(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const piece of pieces) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}
