/**
 * Stand-in for the part of `@std/cli` that this project uses, for networks that cannot reach JSR. Delete the `links`
 * line of the root `deno.json` to use the upstream package instead: nothing else changes.
 *
 * @module
 */
export { type Args, parseArgs, type ParseOptions } from "./parse_args.ts";
