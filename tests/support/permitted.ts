/**
 * Tests that start servers, open files or call Temporal: run with all permissions, shown as ignored without.
 *
 * @module
 */

const NEEDED = ["run", "net", "read", "write", "env", "sys", "ffi"] as const;

/** Whether this process may do everything that a test with a real server needs. */
export const permitted = NEEDED.every((name) => Deno.permissions.querySync({ name }).state === "granted");

/**
 * Registers a test that needs every permission.
 *
 * A file of such tests must not import, other than as a type or inside a test, what asks for a permission when it loads.
 */
export function permittedTest(name: string, fn: (t: Deno.TestContext) => Promise<void> | void): void {
  Deno.test({
    name: permitted ? name : `${name} (run it with: deno task test)`,
    ignore: !permitted,
    // The native part of the SDK keeps handles of its own that no test can close.
    sanitizeOps: false,
    sanitizeResources: false,
    fn,
  });
}
