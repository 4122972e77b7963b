import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { Child } from "../../src/lab/harness/child.ts";
import { eventually } from "../support/eventually.ts";
import { permittedTest } from "../support/permitted.ts";
import { untilGone } from "../support/process_alive.ts";
import { problemOf, readCounts, runTests } from "../support/test_process.ts";

Deno.test("readCounts() reads the last line of deno test", () => {
  assertEquals(readCounts("a ... ok (1s)\n\nok | 7 passed | 0 failed (2s)\n"), { passed: 7, failed: 0, ignored: 0 });
  assertEquals(readCounts("FAILED | 1 passed (3 steps) | 2 failed | 4 ignored | 5 filtered out (2s)"), {
    passed: 1,
    failed: 2,
    ignored: 4,
  });
  assertEquals(readCounts("a ... ok (1s)\n"), undefined);
});

Deno.test("problemOf() lets no process pass that has shown nothing", () => {
  assertEquals(problemOf(0, undefined), "ended with exit code 0 before its last test");
  assertEquals(problemOf(139, undefined), "ended with exit code 139 before its last test");
  assertEquals(problemOf(0, { passed: 0, failed: 0, ignored: 0 }), "has no tests");
  assertEquals(problemOf(1, { passed: 3, failed: 0, ignored: 0 }), "ended with exit code 1 although no test failed");
  assertEquals(problemOf(1, { passed: 3, failed: 1, ignored: 0 }), "");
  assertEquals(problemOf(0, { passed: 0, failed: 0, ignored: 3 }), "");
  assertEquals(problemOf(0, { passed: 3, failed: 0, ignored: 0 }), "");
});

permittedTest("runTests() ends a process that hangs, also if it left another one behind, and says so", async () => {
  const file = await Deno.makeTempFile({ suffix: "_test.ts" });
  await using _ = { [Symbol.asyncDispose]: () => Deno.remove(file) };
  await Deno.writeTextFile(
    file,
    `Deno.test("ends", () => {});
    Deno.test("hangs", async () => {
      new Deno.Command("sleep", { args: ["30"] }).spawn();
      setInterval(() => {}, 1_000);
      await new Promise(() => {});
    });`,
  );
  const { stdout, failed, problem } = await runTests([file], { args: ["--no-config"], limitMs: 4_000 });
  assertEquals([failed, problem], [1, "did not end within 4 s"], stdout);
  assertStringIncludes(stdout, "hangs");
});

for (const signal of ["SIGKILL", "SIGINT", "SIGTERM"] as const) {
  permittedTest(`a test run that ends by ${signal} leaves no process behind`, async () => {
    const root = new URL("../../", import.meta.url);
    const directory = await Deno.makeTempDir();
    await using _ = { [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }) };
    const file = `${directory}/hangs_test.ts`;
    await Deno.writeTextFile(
      file,
      `import { fileURLToPath } from "node:url";
import { Child } from "${new URL("src/lab/harness/child.ts", root)}";
      import { ServerProcess } from "${new URL("src/server/server_process.ts", root)}";
      Deno.test("hangs", async () => {
        const pids = [Deno.pid, new ServerProcess("sleep", ["600"]).pid, new Child("sleep", ["600"]).pid];
        await Deno.writeTextFile("${directory}/new", pids.join(" "));
        await Deno.rename("${directory}/new", "${directory}/pids");
        await new Promise((resolve) => setTimeout(resolve, 600_000));
      });`,
    );
    await using run = new Child(Deno.execPath(), ["run", "-A", "--quiet", "tests/run.ts", file], {
      cwd: fileURLToPath(root),
    });
    const pids = await eventually("it hangs", () => Deno.readTextFile(`${directory}/pids`));
    await run.kill(signal);
    for (const pid of pids.split(" ")) await untilGone(Number(pid));
  });
}
