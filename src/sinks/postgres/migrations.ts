/**
 * The statements that make the tables of a PostgreSQL ledger, and bring them from version to version.
 *
 * @module
 */

import type { PostgresTables } from "./names.ts";

/**
 * What dead letters are unique by: an id that is too long for an index is a reason to be refused, and must be kept all
 * the same. Nobody can make up an id with the hash of another, whose letter it would take the place of.
 *
 * An index takes no function that a setting may change, as `convert_to`. So the text is cast: with each backslash doubled
 * the cast reads nothing into it, and gives its bytes.
 *
 * @param id The column, or its name with that of its table.
 */
export function idHash(id: string = "request_id"): string {
  return `sha256(replace(${id}, E'\\\\', E'\\\\\\\\')::bytea)`;
}

/** What they were unique by up to version 2, as the server writes it. */
const OLD_ID_HASH = "hashtextextended(request_id, (0)::bigint), hashtextextended(request_id, (1)::bigint)";

/** What the comment on a table of dead letters says in front of the name of its ledger. */
export const OWNER = "dead letters of ";

/** The statements of one version, for either table. */
interface Migration {
  readonly ledger: (tables: PostgresTables) => readonly string[];
  readonly deadLetters: (tables: PostgresTables) => readonly string[];
}

/**
 * The statements that lead to each version from the one before; the first entry leads to version 1.
 *
 * Those of the first make a table, and run where there is none. All others may run again: what says which version a table
 * is of may be lost, and then nobody knows which of them have run.
 *
 * Rows are `json`: it keeps the text exactly as it was sent, which `jsonb` does not (order and repetition of keys, digits,
 * `\u0000`), and it can be queried with `->>`, which `text` cannot. Dead letters are `text`, as what was refused may be
 * no JSON to PostgreSQL. Request ids compare as bytes. `batch_position` is a row's place in its batch, for who wants the
 * order in which the rows of a partition key were submitted.
 */
export const MIGRATIONS: readonly Migration[] = [{
  ledger: ({ ledger }) => [
    `CREATE TABLE ${ledger} (
      request_id text COLLATE "C" PRIMARY KEY,
      digest text NOT NULL,
      data json NOT NULL,
      partition_key text,
      batch_id text NOT NULL,
      batch_position integer NOT NULL,
      committed_at timestamptz(3) NOT NULL,
      result json
    )`,
  ],
  deadLetters: ({ deadLetters, ledgerName }) => [
    `CREATE TABLE ${deadLetters} (
      request_id text COLLATE "C" NOT NULL,
      digest text NOT NULL,
      data text NOT NULL,
      partition_key text,
      error_type text NOT NULL,
      error_message text NOT NULL,
      batch_id text NOT NULL,
      rejected_at timestamptz(3) NOT NULL
    )`,
    `CREATE UNIQUE INDEX ON ${deadLetters} (${OLD_ID_HASH})`,
    // Two ledgers with one table of dead letters would clear those of each other.
    `COMMENT ON TABLE ${deadLetters} IS ${quoteText(OWNER + ledgerName)}`,
  ],
}, {
  // Which delivery stored the row; none where its writer knew no marks.
  ledger: ({ ledger }) => [`ALTER TABLE ${ledger} ADD COLUMN IF NOT EXISTS mark bigint`],
  deadLetters: () => [],
}, {
  // Rows lie in the order in which they came, so a few bytes for each MiB say where the old ones are.
  ledger: ({ ledger }) => [
    `DO ${
      quoteText(`BEGIN
        IF NOT EXISTS (
          SELECT FROM pg_catalog.pg_index JOIN pg_catalog.pg_class AS index ON index.oid = indexrelid
            JOIN pg_catalog.pg_am AS method ON method.oid = relam
          WHERE indrelid = ${quoteText(ledger)}::regclass AND amname = 'brin' AND indpred IS NULL
            AND pg_get_indexdef(indexrelid, 1, false) = 'committed_at'
        ) THEN CREATE INDEX ON ${ledger} USING brin (committed_at) WITH (autosummarize = on); END IF;
      END`)
    }`,
  ],
  deadLetters: ({ deadLetters }) => [
    `DO ${
      quoteText(`DECLARE old regclass; BEGIN
        FOR old IN SELECT indexrelid FROM pg_catalog.pg_index
          WHERE indrelid = ${quoteText(deadLetters)}::regclass AND indisunique AND indpred IS NULL AND indnatts = 2
            AND pg_get_expr(indexprs, indrelid) = ${quoteText(OLD_ID_HASH)}
        LOOP EXECUTE 'DROP INDEX ' || old; END LOOP;
      END`)
    }`,
    // The server alone can say whether there is an index that ON CONFLICT can use: its text depends on settings.
    `DO ${
      quoteText(`BEGIN
        EXECUTE ${
        quoteText(
          `EXPLAIN INSERT INTO ${deadLetters} (request_id) VALUES ('') ON CONFLICT (${idHash()}) DO NOTHING`,
        )
      };
      EXCEPTION WHEN invalid_column_reference THEN CREATE UNIQUE INDEX ON ${deadLetters} (${idHash()});
      END`)
    }`,
  ],
}];

function quoteText(text: string): string {
  return `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
