/**
 * Which modules went into a workflow bundle, as its source map tells.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** The folder of this project. */
export const PROJECT = fileURLToPath(new URL("../../", import.meta.url));

const INLINE_MAP = "//# sourceMappingURL=data:application/json;charset=utf-8;base64,";

/** Names of the modules of a bundle; those of this project relative to its folder. */
export function modulesOf(code: string): string[] {
  const at = code.lastIndexOf(INLINE_MAP);
  if (at === -1) throw new Error("the bundle has no inline source map");
  const bytes = Uint8Array.from(atob(code.slice(at + INLINE_MAP.length).trim()), (char) => char.charCodeAt(0));
  const { sources } = JSON.parse(new TextDecoder().decode(bytes)) as { sources: string[] };
  return sources.map((source) => source.startsWith(PROJECT) ? source.slice(PROJECT.length) : source);
}

const SANDBOX_FOLDERS = [
  "workflows/",
  "src/core/",
  "src/protocol/",
  "src/lab/workflows/",
  "src/lab/protocol/",
  "node_modules/",
];

/** Modules of this project that have no business in the sandbox, and built-in ones that it does not have. */
export function outsiders(modules: readonly string[]): string[] {
  return modules.filter((module) => {
    if (/\bnode:/.test(module)) return true;
    const ours = /^[^/].*\.ts$/.test(module) && !module.startsWith("webpack/");
    return ours && !SANDBOX_FOLDERS.some((folder) => module.startsWith(folder));
  });
}
