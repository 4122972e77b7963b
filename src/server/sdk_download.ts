/**
 * Has the Temporal SDK download a dev server: `sdk_download.ts DIRECTORY VERSION`. A program of its own, as the SDK
 * installs its runtime to do so, which a process can do only once and which the worker wants to configure; and so that
 * a download that hangs can be killed.
 *
 * @module
 */
import { TestWorkflowEnvironment } from "@temporalio/testing";

const [downloadDir, version] = Deno.args;
try {
  // The SDK downloads only what it then starts.
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: "cached-download", downloadDir, version }, ui: false },
  });
  await environment.teardown();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}
