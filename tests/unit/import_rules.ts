/**
 * Which folder may import from which: the layout of this project as a table.
 *
 * @module
 */

/** A source file, its path relative to the project's folder. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

interface Rule {
  /** Folders whose code it may run. Its own is always among them. */
  readonly folders: readonly string[];
  /** Folders of which it may name types: they are gone at run time. */
  readonly types?: readonly string[];
  /** Packages that it may import; left out: any. */
  readonly packages?: readonly string[];
}

const PURE = ["src/protocol", "src/core"];
const CLIENT = [...PURE, "src/bodies", "src/client"];
const WORKER = [...CLIENT, "src/sinks", "activities", "src/worker"];
const TOOLS = [...WORKER, "src/server"];

/** What measures, compares or breaks the product. */
const LAB = ["src/lab", "src/lab/harness", "src/lab/protocol", "src/lab/workflows"];

/** The commands that run it. All other code of the product knows nothing of it. */
const LAB_COMMANDS = ["bench", "compare", "batcher", "start", "worker"].map((name) => `src/cli/${name}.ts`);

/** What is not in here is a new folder: decide what it may import. */
const RULES: Readonly<Record<string, Rule>> = {
  "src/protocol": { folders: [], packages: [] },
  "src/core": { folders: ["src/protocol"], packages: [] },
  "workflows": { folders: PURE, packages: ["@temporalio/workflow"] },
  "src/bodies": { folders: ["src/protocol"] },
  "src/client": { folders: [...PURE, "src/bodies"] },
  "src/sinks": { folders: ["src/protocol"] },
  "activities": { folders: [...CLIENT, "src/sinks"] },
  "src/worker": { folders: WORKER },
  "src/server": { folders: CLIENT },
  "src/lab/protocol": { folders: ["src/protocol"], packages: [] },
  "src/lab/workflows": {
    folders: [...PURE, "src/lab/protocol", "workflows"],
    packages: ["@temporalio/workflow"],
  },
  // What measurements, comparison and tests share.
  "src/lab/harness": { folders: ["src/server"] },
  "src/lab": { folders: [...TOOLS, ...LAB], types: ["workflows", "src/cli"] },
  // What the package exports.
  "src/mod.ts": { folders: TOOLS },
  "src/cli": { folders: TOOLS, types: ["workflows"] },
};

/** An import as it stands in a file. */
interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

// At the start of a line only: what stands in a doc comment is an example and no import.
const STATIC = /^(?:import|export)\s+(?<type>type\s+)?[\w*{][^"';()]*?\bfrom\s+["'](?<specifier>[^"']+)["']/gm;
const BARE = /^import\s+["'](?<specifier>[^"']+)["']/gm;
const DYNAMIC = /^(?!\s*(?:\*|\/\/)).*?(?<type>\btypeof\s+)?\bimport\(\s*["'](?<specifier>[^"']+)["']/gm;

/** The imports of a file. */
export function importsOf(text: string): Import[] {
  return [STATIC, BARE, DYNAMIC].flatMap((pattern) =>
    [...text.matchAll(pattern)].map(({ groups }) => ({
      specifier: groups!.specifier,
      typeOnly: groups!.type !== undefined,
    }))
  );
}

function folderOf(path: string): string {
  const [first, second, third] = path.split("/");
  if (first !== "src") return first;
  const inner = `${first}/${second}/${third}`;
  return inner in RULES ? inner : `${first}/${second}`;
}

/** One line for each import that the layout does not allow. */
export function violations(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const folder = folderOf(path);
    const rule = RULES[folder];
    if (rule === undefined) return [`${path}: no rule says what ${folder} may import`];
    return importsOf(text).filter((found) => !isAllowed(path, rule, found)).map(({ specifier }) =>
      `${path}: ${specifier}`
    );
  });
}

function isAllowed(path: string, { folders, types = [], packages }: Rule, { specifier, typeOnly }: Import): boolean {
  if (!specifier.startsWith(".")) return packages === undefined || packages.includes(specifier);
  const target = folderOf(new URL(specifier, `file:///${path}`).pathname.slice(1));
  if (LAB_COMMANDS.includes(path) && target.startsWith("src/lab")) return true;
  return target === folderOf(path) || folders.includes(target) || (typeOnly && types.includes(target));
}
