/**
 * The workflows of a worker that somebody has already.
 *
 * @module
 */
import { submitWrite } from "../../../workflows/submit_write.ts";

/** Writes a row, and says what became of it. */
export async function order(id: string): Promise<string> {
  return (await submitWrite({ data: { id } })).status;
}
