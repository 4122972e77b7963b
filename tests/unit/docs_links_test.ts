import { assertArrayIncludes, assertEquals } from "@std/assert";
import { permittedTest } from "../support/permitted.ts";

const PROJECT = new URL("../../", import.meta.url);

/** A page without its code, which has no links and no headings. */
function proseOf(text: string): string {
  return text.replaceAll(/^(\s*)(`{3,})[^\n]*\n.*?^\s*\2\s*$/gms, "");
}

/** The targets of a page's links and pictures, but for those that lead out of the project. */
function linksOf(text: string): string[] {
  const prose = proseOf(text).replaceAll(/`[^`\n]*`/g, "`code`");
  return [...prose.matchAll(/\]\((?<target>[^()\s]+)\)/g)].map(({ groups }) => groups!.target)
    .filter((target) => !/^[a-z]+:/i.test(target));
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): string[] {
  const seen = new Map<string, number>();
  return [...proseOf(text).matchAll(/^#{1,6} +(?<heading>.+)$/gm)].map(({ groups }) => {
    const shown = groups!.heading.trim().replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
    const anchor = shown.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(/\s/g, "-");
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

/** Says what is wrong with a link of a page, or nothing. */
async function problemOf(page: string, link: string): Promise<string | undefined> {
  const target = new URL(link, new URL(page, PROJECT));
  const anchor = decodeURIComponent(target.hash.slice(1));
  target.hash = "";
  const info = await Deno.stat(target).catch(() => undefined);
  if (info === undefined) return `${page}: ${link} names no file`;
  if (anchor === "" || anchorsOf(await Deno.readTextFile(target)).includes(anchor)) return undefined;
  return `${page}: ${link} names no heading`;
}

async function pages(): Promise<string[]> {
  const found: string[] = [];
  for (const folder of ["", "docs/", ".github/"]) {
    for await (const { name } of Deno.readDir(new URL(folder, PROJECT))) {
      if (name.endsWith(".md")) found.push(`${folder}${name}`);
    }
  }
  return found.sort();
}

permittedTest("each relative link of the documentation leads to a file, and to a heading of it", async () => {
  const found = await pages();
  // Without these the check below would check nothing.
  assertArrayIncludes(found, [".github/ARCHITECTURE.md", "CHANGELOG.md", "README.md", "docs/failures.md"]);
  const problems = await Promise.all(found.map(async (page) => {
    const links = linksOf(await Deno.readTextFile(new URL(page, PROJECT)));
    return await Promise.all(links.map((link) => problemOf(page, link)));
  }));
  assertEquals(problems.flat().filter((problem) => problem !== undefined), []);
});

permittedTest("problemOf() finds a link without a file, and one without a heading", async () => {
  const problems = await Promise.all(
    ["docs/none.md", "#none", "LICENSE", "#guarantees"].map((link) => problemOf("README.md", link)),
  );
  assertEquals(problems, [
    "README.md: docs/none.md names no file",
    "README.md: #none names no heading",
    undefined,
    undefined,
  ]);
});

Deno.test("linksOf() takes links and pictures, and none of code or of other sites", () => {
  const text = [
    "See [`a.ts`](../a.ts), ![b](b.svg) and [c](#c), not [d](https://example.com) or `[e](e.md)`.",
    "```md",
    "[f](f.md)",
    "```",
    "[g](g.md#h)",
  ].join("\n");
  assertEquals(linksOf(text), ["../a.ts", "b.svg", "#c", "g.md#h"]);
});

Deno.test("anchorsOf() makes the anchors that GitHub makes", () => {
  const text = "# The `Sink`, and (how)\n\n```sh\n# no heading\n```\n\n## [A link](x.md): one_two\n## Same\n### Same\n";
  assertEquals(anchorsOf(text), ["the-sink-and-how", "a-link-one_two", "same", "same-1"]);
});
