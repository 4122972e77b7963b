import { assert, assertEquals, assertThrows } from "@std/assert";
import { resolveTables } from "../../src/sinks/postgres/names.ts";
import { parsePostgresUrl } from "../../src/sinks/postgres/url.ts";
import { SinkError } from "../../src/sinks/sink.ts";

Deno.test("parsePostgresUrl() shows neither password nor parameters, and keeps its own options from the driver", () => {
  const given = "postgres://app:s3cret@db:5432/shop?schema=my%20ledger&sslmode=require&pool_size=3&ledger_table=l" +
    "&dead_letter_table=d&statement_timeout_ms=500&session_max_age_ms=60000&pooling=transaction";
  const { url, description, options } = parsePostgresUrl(given);
  assertEquals(description, "postgres://app@db:5432/shop");
  assertEquals(url, "postgres://app:s3cret@db:5432/shop?sslmode=require");
  assertEquals(options, {
    schema: "my ledger",
    ledgerTable: "l",
    deadLetterTable: "d",
    poolSize: 3,
    statementTimeoutMs: 500,
    sessionMaxAgeMs: 60_000,
    pooling: "transaction",
  });
  assertEquals(parsePostgresUrl("postgresql://localhost").description, "postgres://localhost");
  for (const host of ["a,b:5433", "[::1]:5432", "%2Fvar%2Frun", "db_1.example:65535"]) {
    assertEquals(parsePostgresUrl(`postgres://${host}/x`).description, `postgres://${host}/x`);
  }
});

Deno.test("parsePostgresUrl() refuses a password whose special characters are not escaped, and quotes nothing of it", () => {
  for (
    const password of ["12@s3cret", "12/s3cret", "12#s3cret", "12?s3cret@", "%s3cret", "%E0%A4s3cret"]
  ) {
    const error = assertThrows(() => parsePostgresUrl(`postgres://app:${password}@db/shop`), SinkError);
    assert(!Deno.inspect(error, { showHidden: true }).includes("s3cret"), Deno.inspect(error));
    assertEquals([error.kind, error.wrote], ["setup", "no"]);
  }
  for (
    const spec of [
      ...["postgres:", "postgres://", "postgres:///db", "postgres:/x", "mysql://x"],
      ...["h:b", "h:1,h2:b", "h:1,h2:", "h:0", "h:65536", "h:1:2", "[::1:5", "h,,i"].map((host) =>
        `postgres://u:p@${host}/x`
      ),
    ]
  ) {
    assertThrows(() => parsePostgresUrl(spec), SinkError);
  }
});

Deno.test("resolveTables() quotes whatever a name is", () => {
  const { ledger, deadLetters, version } = resolveTables({ schema: 'a"b', ledgerTable: "x.y; DROP TABLE z" });
  assertEquals(ledger, '"a""b"."x.y; DROP TABLE z"');
  assertEquals(deadLetters, '"a""b"."rejected_writes"');
  assertEquals(version, '"a""b"."batcher_schema"');
});

Deno.test("resolveTables() refuses names that PostgreSQL would change, and tables that would be one", () => {
  const refused = [
    { schema: "" },
    { ledgerTable: "nul\0" },
    { ledgerTable: "\ud800" },
    { deadLetterTable: "é".repeat(32) },
    { ledgerTable: "t", deadLetterTable: "t" },
    { ledgerTable: "batcher_schema" },
    { schema: 5 as unknown as string },
  ];
  for (const names of refused) assertThrows(() => resolveTables(names), SinkError, Object.keys(names)[0]);
  assertEquals(resolveTables({ schema: "x".repeat(63) }).schemaName.length, 63);
});
