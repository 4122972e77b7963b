/**
 * Builds the package for Node: ES modules, their types, and an entry of workflows that the SDK's bundler finds inside of
 * `node_modules`.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import project from "../../deno.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PACKAGE = `${ROOT}dist/npm`;

/** One copy for the whole program: two of them crash in their native part. */
const PEERS = /^@temporalio\//;

/** Runs a program to its end, and ends this one if it fails. */
async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout } = await new Deno.Command(program, { args: [...args], cwd, stderr: "inherit" }).output();
  const printed = new TextDecoder().decode(stdout);
  if (code === 0) return printed;
  console.error(printed);
  console.error(`${program} ${args.join(" ")} ended with ${code}`);
  Deno.exit(1);
}

async function* modulesIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* modulesIn(`${folder}/${name}`);
    else if (name.endsWith(".js")) yield `${folder}/${name}`;
  }
}

/** The packages that the compiled modules import by name; what is loaded by a variable is for its user to install. */
async function importedPackages(): Promise<string[]> {
  const found = new Set<string>();
  for await (const module of modulesIn(PACKAGE)) {
    const text = await Deno.readTextFile(module);
    for (
      const [, specifier] of text.matchAll(/^(?!\s*\*).*(?:\bfrom |\bimport |\bimport\()["']([@a-z][\w@./:-]*)["']/gm)
    ) {
      if (specifier.startsWith("node:")) continue;
      found.add(specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/"));
    }
  }
  return [...found].sort();
}

/** The version of a package that this project is tested with. */
function versionOf(name: string): string {
  const version = /@([^@]+)$/.exec((project.imports as Record<string, string>)[name] ?? "")?.[1];
  if (version === undefined) throw new Error(`deno.json pins no version of ${name}, which the package imports`);
  return version;
}

const entry = (module: string) => ({ types: `./${module}.d.ts`, default: `./${module}.js` });

await Deno.remove(PACKAGE, { recursive: true }).catch(() => {});
const compiler = `npm:typescript@${versionOf("typescript")}/tsc`;
await run(Deno.execPath(), ["run", "-A", compiler, "-p", ".ci/npm/tsconfig.json"], ROOT);
const packages = await importedPackages();
const versions = (names: readonly string[], range = "") =>
  Object.fromEntries(names.map((name) => [name, range + versionOf(name)]));
const manifest = {
  name: project.name,
  version: project.version,
  description: "Group commit for Temporal: many callers, few database writes, and every caller gets its own result",
  license: project.license,
  type: "module",
  // The sandbox has none of Node's modules, so workflows import nothing of the other entry.
  exports: { ".": entry("src/mod"), "./workflow": entry("workflows/submit_write"), "./package.json": "./package.json" },
  engines: { node: ">=22.13" },
  // Its undocumented parts that this leans on may change with any minor version.
  peerDependencies: versions(packages.filter((name) => PEERS.test(name)), "~"),
  dependencies: versions(packages.filter((name) => !PEERS.test(name))),
};
await Deno.writeTextFile(`${PACKAGE}/package.json`, JSON.stringify(manifest, undefined, 2) + "\n");
for (const file of ["README.md", "LICENSE", "CHANGELOG.md"]) {
  await Deno.copyFile(`${ROOT}${file}`, `${PACKAGE}/${file}`);
}
const tarball = await run("npm", ["pack", "--silent", "--pack-destination", `${ROOT}dist`], PACKAGE);
console.log(`dist/${tarball.trim()}`);
