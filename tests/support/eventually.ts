export { eventually } from "../../src/lab/harness/waiting.ts";
