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

/** The range of protobufjs that the SDK asks for. */
async function protobufRange(): Promise<string> {
  const { dependencies } = JSON.parse(
    await Deno.readTextFile(`${ROOT}node_modules/@temporalio/common/package.json`),
  );
  return dependencies.protobufjs;
}

/** The text of a page whose links to what the package does not have are plain text. */
async function packedPage(page: string): Promise<string> {
  const text = await Deno.readTextFile(`${ROOT}${page}`);
  const links = [...text.matchAll(/\[([^\]]+)\]\(((?!#|[a-z]+:)[^()\s#]+)[^()\s]*\)/g)];
  const missing = new Map<string, string>();
  for (const [link, shown, target] of links) {
    const isPacked = await Deno.stat(new URL(target, `file://${PACKAGE}/${page}`)).catch(() => undefined);
    if (isPacked === undefined) missing.set(link, shown);
  }
  return links.reduce((packed, [link]) => packed.replaceAll(link, missing.get(link) ?? link), text);
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
  engines: { node: ">=22.16" },
  // Its undocumented parts that this leans on may change with any minor version.
  peerDependencies: {
    ...versions(packages.filter((name) => PEERS.test(name)), "~"),
    // npm would give each part of the SDK a copy of its own, and then none of them reads a stored body's reference.
    protobufjs: await protobufRange(),
  },
  dependencies: versions(packages.filter((name) => !PEERS.test(name))),
};
await Deno.writeTextFile(`${PACKAGE}/package.json`, JSON.stringify(manifest, undefined, 2) + "\n");
for (const folder of ["docs", "tests/npm"]) await Deno.mkdir(`${PACKAGE}/${folder}`, { recursive: true });
const docs = await Array.fromAsync(Deno.readDir(`${ROOT}docs`), ({ name }) => `docs/${name}`);
const files = [
  "README.md",
  "CHANGELOG.md",
  "LICENSE",
  ...docs,
  "tests/npm/orders.mjs",
  "tests/npm/order_workflows.mjs",
];
for (const file of files) await Deno.copyFile(`${ROOT}${file}`, `${PACKAGE}/${file}`);
for (const page of files.filter((file) => file.endsWith(".md"))) {
  await Deno.writeTextFile(`${PACKAGE}/${page}`, await packedPage(page));
}
const tarball = await run("npm", ["pack", "--silent", "--pack-destination", `${ROOT}dist`], PACKAGE);
console.log(`dist/${tarball.trim()}`);
