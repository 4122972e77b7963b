import { assertEquals, assertStringIncludes } from "@std/assert";
import { permittedTest } from "../support/permitted.ts";
import { COMMANDS, runCommand } from "../support/run_command.ts";

/** Command, arguments, standard input, and what the first line on stderr has to say. */
const MISTAKES: readonly (readonly [string, readonly string[], string, string])[] = [
  ["demo", ["--bogus"], "", "Unknown flag --bogus"],
  ["demo", ["extra"], "", "Unexpected argument extra"],
  ["demo", ["--workflows", "0"], "", `--workflows must be a whole number from 1 to 100000: it is "0"`],
  ["demo", ["--workflows", "2.5"], "", `--workflows must be a whole number from 1 to 100000: it is "2.5"`],
  ["demo", ["--workflows", "-3"], "", `--workflows must be a whole number from 1 to 100000: it is "-3"`],
  ["demo", ["--keep", "-3"], "", "Unknown flag -3"],
  ["demo", ["--workflows"], "", "--workflows needs a value"],
  ["demo", ["--workflows", "3", "--workflows", "4"], "", "--workflows is given 2 times"],
  ["demo", ["--input", "no-such-file.jsonl"], "", "Cannot read --input no-such-file.jsonl: there is no such file"],
  ["demo", ["--input", "tests"], "", "Cannot read --input tests: it is a folder"],
  ["write", ["--input", "README.md"], "", "not JSON: Unexpected token '#', \"# temporal-batcher\" (no line was sent"],
  ["write", ["--input", "tests"], "", "Cannot read --input tests: it is a folder"],
  ["demo", ["--input", "-"], `{"a":1}\n\n{"a":\n`, "Line 3 of the input is not JSON: it ends too early at column 6"],
  ["start", ["--input", "-"], `1\n{"a":1 "b"}`, `value at column 8: {"a":1 "b"} (no transaction was started: correct`],
  ["demo", ["--input", "-"], `{"a":"\x1b[31m"}`, `literal at column 7: {"a":"\\u{1b}[31m"} (no transaction`],
  ["demo", ["--input", "-"], "", "--input - has no lines"],
  ["demo", ["--input", "-", "--id-field", "id"], `{"id":"x"}\n{"no":1}`, `Line 2 of the input cannot be used`],
  ["demo", ["--input", "-", "--id-field", "id"], `{"id":"a\\u0000b"}`, `field "id" must not hold control characters`],
  ["demo", ["--input", "-", "--workflows", "2"], "", "--workflows and --input exclude each other"],
  ["demo", ["--sink", "mysql:x"], "", "Cannot use a --sink 'mysql:…'"],
  ["demo", ["--preset", "none"], "", `--preset must be one of seed: it is "none"`],
  ["demo", ["--window-ms", "2000", "--confirmation-timeout-ms", "1000"], "", "'windowMs' must be below"],
  ["start", [], "", "Say what to run: --workflows N or --input FILE"],
  [
    "start",
    ["--workflows", "1", "--address", "127.0.0.1:1"],
    "",
    "No Temporal server answers at 127.0.0.1:1: Connection refused; start one with 'deno task server', or set",
  ],
  [
    "start",
    ["--workflows", "1", "--address", "http://127.0.0.1:7233"],
    "",
    'as its address must be HOST or HOST:PORT: it is "http://127.0.0.1:7233"; start one with',
  ],
  ["write", ["--input", "-", "--address", "u:planted@h:7233"], "", 'HOST:PORT: it is "…@h:7233"'],
  ["worker", ["--address", "localhost:70000"], "", 'HOST:PORT: it is "localhost:70000"'],
  ["batcher", ["--address", ":7233"], "", 'HOST:PORT: it is ":7233"'],
  ["start", ["--variant", "direct", "--workflows", "1"], "", `--variant must be one of update, signal: it is "direct"`],
  ["batcher", ["--size", "0"], "", `--size must be a whole number from 1 to 100000: it is "0"`],
  ["batcher", ["--address", "127.0.0.1:1"], "", "No Temporal server answers at 127.0.0.1:1"],
  ["worker", ["--role", "boss"], "", `--role must be one of all, caller, batcher: it is "boss"`],
  ["worker", ["--role", "batcher", "--shards", "4"], "", "--shards is not for --role batcher"],
  ["worker", ["--role", "caller", "--sink", "sqlite:x.db"], "", "--sink is not for --role caller"],
  ["worker", ["--role", "main", "--sink", "sqlite:x.db"], "", "--sink is not for --role caller"],
  ["worker", ["--role", "caller", "--into", "orders"], "", "--into is not for --role caller: rows are written by"],
  ["worker", ["--role", "caller", "--apply", "x.ts"], "", "--apply is not for --role caller: rows are written by"],
  ["worker", ["--into", "orders", "--apply", "x.ts"], "", "--into and --apply exclude each other"],
  ["worker", ["--columns", "a"], "", "--columns needs --into"],
  ["worker", ["--into", "t", "--columns", "a,,b"], "", "--columns must be COLUMN or COLUMN=FIELD, with commas: a part"],
  ["worker", ["--into", "t", "--columns", "id="], "", 'a part of it is "id="'],
  ["worker", ["--into", "t", "--columns", "a,b=c,a=d"], "", '"a" is there twice'],
  ["worker", ["--into", "t", "--columns", "a=$request"], "", "$request is neither $requestId nor $partitionKey"],
  ["worker", ["--apply", "no/such.ts"], "", "Cannot use --apply no/such.ts: there is no such file"],
  ["worker", ["--apply", "tests"], "", "Cannot use --apply tests: it is not a file"],
  ["worker", ["--apply", "src/protocol/limits.ts"], "", "limits.ts: it does not export 'apply'"],
  ["worker", ["--apply", "deno.json"], "", "Cannot use --apply deno.json: it cannot be loaded: "],
  ["demo", ["--input", "-"], `{"n":1}\n{"n":9007199254740993}`, "Line 2 of the input has the number 9007199254740993"],
  ["worker", ["--address", "127.0.0.1:1"], "", "No Temporal server answers at 127.0.0.1:1"],
  ["server", ["--port", "70000"], "", "--port must be a whole number from 0 to 65535"],
  ["demo", ["--sink", "postgres://u:p@ss@h/d"], "", "Cannot use a --sink 'postgres:…'"],
  ...["postgres:", "postgres://", "postgres://USER:PASSWORD@HOST:PORT/DATABASE", "postgresql://u:planted@h:p/d"].map((
    sink,
  ) =>
    ["sink", ["check", "--sink", sink], "", "it must be postgres://USER:PASSWORD@HOST:PORT/DATABASE, with"] as const
  ),
  [
    "worker",
    ["--address", "127.0.0.1:1", "--sink=postgres:"],
    "",
    "'postgres:…': it must be postgres://USER:PASSWORD@",
  ],
  ["sink", [], "", "Missing argument ACTION"],
  ["sink", ["vacuum"], "", "Unknown action vacuum: it must be one of migrate, check"],
  ["sink", ["migrate", "twice"], "", "Unexpected argument twice"],
  ["ledger", ["prune"], "", "Say what to delete: --older-than AGE"],
  ["ledger", ["prune", "--older-than", "soon"], "", `--older-than must be an age such as 90m, 36h, 30d or 8w`],
  ["ledger", ["prune", "--older-than", "0d"], "", `--older-than must be an age such as 90m, 36h, 30d or 8w`],
  ["dead-letters", ["show"], "", "Missing argument ID"],
  ["dead-letters", ["drop", "--all"], "", "--all goes with 'retry' alone"],
  ["dead-letters", ["list", "x"], "", "Unexpected argument x"],
  ["sink", ["postgres://u:planted@h/d"], "", "Unknown action postgres:…: it must be one of migrate, check"],
  ["sink", ["postgres:u:planted@h"], "", "Unknown action postgres:…"],
  ["sink", ["migrate", "postgres://u:planted@h/d"], "", "Unexpected argument postgres:…"],
  ["sink", ["check", "--postgres://u:planted@h/d"], "", "Unknown flag --postgres:…"],
  ["demo", ["--workflows", 'postgresql://u:p"l planted@h'], "", `it is "postgresql:…"`],
  ["demo", ["--preset", "https://u:planted@h/d"], "", `it is "https://…"`],
  ["demo", ["--preset=postgres://u:p=planted@h/d"], "", `it is "postgres:…"`],
  ["sink", ["check", "--x", "postgres://u:planted=@h/d"], "", "Unknown flag --x"],
  ["demo", ["--input", "postgres://u:planted@h/d"], "", "Cannot read --input postgres:…"],
  ["dead-letters", ["list", "postgres://u:planted@h/d"], "", "Unexpected argument postgres:…"],
  ["bench", ["postgres://u:planted@h/d"], "", "Unknown scenario postgres:…"],
  ["bench", [], "", "Missing argument SCENARIO"],
  ["bench", ["nonsense"], "", "Unknown scenario nonsense"],
  ["bench", ["a\x1b[31mb\rc"], "", "Unknown scenario a\\u{1b}[31mb\\u{d}c"],
  ["bench", ["floor", "--address", "127.0.0.1:1"], "", "No Temporal server answers at 127.0.0.1:1"],
  ["bench", ["rollover", "--address", "127.0.0.1:1"], "", "rollover runs only on a server that is started for it"],
  ["bench", ["sinks", "--rows", "5000"], "", "--rows is not for sinks"],
  ["bench", ["sinks", "--address", "127.0.0.1:1"], "", "--address is not for sinks: it runs without Temporal"],
  ["demo", ["--address", "127.0.0.1:1"], "", "No Temporal server answers at 127.0.0.1:1"],
  ["compare", ["--variants", "update,nonsense"], "", `Unknown variant "nonsense": it must be one of update, signal`],
  ["compare", ["--out", "deno.json"], "", "Cannot write to --out deno.json"],
  ["compare", ["--server", "127.0.0.1:1"], "", "No Temporal server answers at 127.0.0.1:1"],
  ["compare", ["--address", "127.0.0.1:1"], "", "No Temporal server answers at 127.0.0.1:1"],
  ["compare", ["--address", "a", "--server", "b"], "", "--address and --server are the same: give one of them"],
];

for (const [command, args, stdin, expected] of MISTAKES) {
  permittedTest(`deno task ${command} ${args.join(" ")} says in one line: ${expected}`, async () => {
    const { code, stdout, stderr } = await runCommand(command.replace("-", "_"), args, { stdin });
    assertEquals(code, 2, stderr);
    assertEquals(stdout, "");
    const [first, second, ...rest] = stderr.trimEnd().split("\n");
    assertStringIncludes(first, `error: `);
    assertStringIncludes(first, expected);
    assertEquals(stderr.includes("planted"), false, stderr);
    assertEquals(second, `Try: deno task ${command} --help`);
    assertEquals(rest, []);
  });
}

for (const command of ["compare", "bench"]) {
  permittedTest(`deno task ${command} measures the server that TEMPORAL_ADDRESS names`, async () => {
    const args = command === "bench" ? ["floor"] : ["--quick"];
    const { code, stderr } = await runCommand(command, args, { env: { TEMPORAL_ADDRESS: "127.0.0.1:1" } });
    assertEquals(code, 2);
    assertStringIncludes(stderr, "No Temporal server answers at 127.0.0.1:1");
  });
}

for (const command of COMMANDS) {
  permittedTest(`deno task ${command} --help shows its flags`, async () => {
    const { code, stdout } = await runCommand(command.replace("-", "_"), ["--help"]);
    assertEquals(code, 0);
    assertStringIncludes(stdout, `Usage: deno task ${command}`);
    assertStringIncludes(stdout, "--help");
  });
}
