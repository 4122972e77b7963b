import { assert, assertEquals, assertInstanceOf, assertNotEquals, assertRejects } from "@std/assert";
import { StorageDriverClaim } from "@temporalio/common";
import { BodyError, type BodyProblem } from "../../src/bodies/body_error.ts";
import { FileBodyDriver } from "../../src/bodies/file_driver.ts";
import { permittedTest } from "../support/permitted.ts";

const payload = (text: string) => ({
  metadata: { encoding: new TextEncoder().encode("binary/plain") },
  data: new TextEncoder().encode(text),
});

const target = { kind: "workflow", namespace: "default", id: "batcher/0/0" } as const;

async function withStore(run: (driver: FileBodyDriver) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "temporal-batcher-bodies-" });
  try {
    await run(new FileBodyDriver(`${folder}/store`));
  } finally {
    await Deno.chmod(`${folder}/store`, 0o700).catch(() => {});
    await Deno.remove(folder, { recursive: true });
  }
}

async function filesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    names.push(...isDirectory ? (await filesIn(`${folder}/${name}`)).map((inner) => `${name}/${inner}`) : [name]);
  }
  return names.sort();
}

async function assertProblem(problem: BodyProblem, run: () => Promise<unknown>, text: string): Promise<void> {
  const error = await assertRejects(run, BodyError, text);
  assertInstanceOf(error, BodyError);
  assertEquals(error.problem, problem);
}

permittedTest("store() and retrieve() give back what was stored, in order", () =>
  withStore(async (driver) => {
    const claims = await driver.store({ target }, [payload("one"), payload("two"), payload("one")]);
    const read = await driver.retrieve({}, [claims[2], claims[1], claims[0]]);
    assertEquals(read.map(({ data }) => new TextDecoder().decode(data!)), ["one", "two", "one"]);
    assertEquals(
      read.map(({ metadata }) => new TextDecoder().decode(metadata!.encoding)),
      Array(3).fill("binary/plain"),
    );
    // Equal payloads do not share a file: removing one must not break the other's reference.
    assertNotEquals(claims[0].claimData.path, claims[2].claimData.path);
    await driver.remove([claims[0].claimData.path]);
    assertEquals((await driver.retrieve({}, [claims[2]])).length, 1);
  }));

permittedTest(
  "store() leaves nothing but whole bodies, readable by their owner only",
  () =>
    withStore(async (driver) => {
      const [{ claimData }] = await driver.store({ target }, [payload("one")]);
      const [folder] = claimData.path.split("/");
      assertEquals(await filesIn(driver.folder), [claimData.path, `${folder}/owner.json`].sort());
      assertEquals((await Deno.stat(`${driver.folder}/${claimData.path}`)).mode! & 0o777, 0o600);
      assertEquals((await Deno.stat(`${driver.folder}/${folder}`)).mode! & 0o777, 0o700);
    }),
);

permittedTest(
  "store() that cannot write says that nothing is stored, and leaves nothing behind",
  () =>
    withStore(async (driver) => {
      // A file where the folder should be: also root cannot write there.
      await Deno.writeTextFile(driver.folder, "");
      await assertProblem("not stored", () => driver.store({ target }, [payload("one")]), "Cannot store a body in");
      assertEquals(await Deno.readTextFile(driver.folder), "");
    }),
);

permittedTest("store() makes a folder anew that a sweep removed", () =>
  withStore(async (driver) => {
    const [first] = await driver.store({ target }, [payload("one")]);
    await driver.remove([first.claimData.path]);
    await driver.removeEmptyFolder({ namespace: target.namespace, workflowId: target.id });
    assertEquals(await filesIn(driver.folder), []);
    const [second] = await driver.store({ target }, [payload("two")]);
    assertEquals((await driver.retrieve({}, [second])).length, 1);
  }));

permittedTest("removeEmptyFolder() keeps a folder with bodies", () =>
  withStore(async (driver) => {
    const [claim] = await driver.store({ target }, [payload("one")]);
    await driver.removeEmptyFolder({ namespace: target.namespace, workflowId: target.id });
    assertEquals((await driver.retrieve({}, [claim])).length, 1);
  }));

permittedTest("retrieve() of a body that is gone names it as missing", () =>
  withStore(async (driver) => {
    const [claim] = await driver.store({ target }, [payload("one")]);
    await driver.remove([claim.claimData.path]);
    await assertProblem("missing", () => driver.retrieve({}, [claim]), `${claim.claimData.path} is missing`);
  }));

permittedTest(
  "retrieve() of a store that is away says unreadable: its bodies may come back",
  () =>
    withStore(async (driver) => {
      const [claim] = await driver.store({ target }, [payload("one")]);
      await Deno.rename(driver.folder, `${driver.folder}-away`);
      await assertProblem("unreadable", () => driver.retrieve({}, [claim]), claim.claimData.path);
      await Deno.rename(`${driver.folder}-away`, driver.folder);
      assertEquals((await driver.retrieve({}, [claim])).length, 1);
    }),
);

permittedTest(
  "retrieve() checks the digest: a changed or shortened body is never handed on",
  () =>
    withStore(async (driver) => {
      const [claim] = await driver.store({ target }, [payload("one and more")]);
      const file = `${driver.folder}/${claim.claimData.path}`;
      const whole = await Deno.readFile(file);
      await Deno.writeFile(file, whole.subarray(0, whole.length - 1));
      await assertProblem("missing", () => driver.retrieve({}, [claim]), "is damaged");
      await Deno.writeFile(file, whole.with(whole.length - 1, whole.at(-1)! ^ 1));
      await assertProblem("missing", () => driver.retrieve({}, [claim]), "is damaged");
      await Deno.writeFile(file, whole);
      assertEquals((await driver.retrieve({}, [claim])).length, 1);
    }),
);

const FOREIGN = [
  "../secret.body",
  "/etc/passwd",
  `${"a".repeat(32)}/../../secret.body`,
  `${"a".repeat(32)}/owner.json`,
  `${"a".repeat(32)}/${crypto.randomUUID()}.body\0`,
  `${"a".repeat(32)}/${crypto.randomUUID()}.body/../../../secret`,
  "",
];

for (const path of FOREIGN) {
  permittedTest(
    `retrieve() and remove() touch nothing outside of the store: ${JSON.stringify(path.slice(-40))}`,
    () =>
      withStore(async (driver) => {
        await driver.store({ target }, [payload("one")]);
        const before = await filesIn(driver.folder);
        const claim = new StorageDriverClaim({ path, sha256: "0".repeat(64) });
        await assertProblem("missing", () => driver.retrieve({}, [claim]), "its reference is not one of this store");
        await driver.remove([path]);
        assertEquals(await filesIn(driver.folder), before);
      }),
  );
}

permittedTest(
  "list() says whose bodies there are, also of ids that no file could be called",
  () =>
    withStore(async (driver) => {
      const ids = ["../up", "a/b\n", "ü".repeat(500), ""];
      for (const id of ids) await driver.store({ target: { ...target, id } }, [payload("one")]);
      await Deno.mkdir(`${driver.folder}/not-ours`);
      await Deno.writeTextFile(`${driver.folder}/not-ours/x.body`, "");
      const listed = await Array.fromAsync(driver.list());
      assertEquals(listed.map(({ owner }) => owner?.workflowId).sort(), ids.toSorted());
      for (const { bodies } of listed) {
        assertEquals(bodies.length, 1);
        assert(bodies[0].bytes > 0 && bodies[0].storedAtMs <= Date.now() + 1_000);
      }
    }),
);
