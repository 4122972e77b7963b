/**
 * Keeps `apply` inside its transaction.
 *
 * @module
 */

import { SinkError } from "./sink.ts";

/** Comments, as a database reads them. */
export interface CommentRules {
  /** Whether a comment in a block may hold another one. */
  readonly nested: boolean;
  /** What ends a comment that begins with `--`; a global expression. */
  readonly lineEnd: RegExp;
}

/** First words of the statements that would take the ledger rows out of their transaction. */
const CONTROL: ReadonlySet<string> = new Set(
  "abort begin commit end release rollback savepoint start prepare+transaction".split(" "),
);

/**
 * Refuses a statement of `apply` that begins or ends a transaction or a savepoint.
 *
 * @throws {SinkError} If it is one, whatever spaces, semicolons and comments are in front.
 */
export function refuseControl(sql: string, rules: CommentRules): void {
  const [first, behind] = readWord(sql, 0, rules);
  const words = first === "prepare" ? `${first}+${readWord(sql, behind, rules)[0]}` : first;
  if (!CONTROL.has(words)) return;
  throw new SinkError("setup", "no", "'apply' must not begin or end a transaction or a savepoint");
}

/** Reads the next word, in lower case, and where it ends. Takes time in proportion to the length of the text. */
export function readWord(sql: string, from: number, { nested, lineEnd }: CommentRules): [word: string, end: number] {
  let at = from;
  for (let next = at; next < sql.length; at = next) {
    next = endOf(/[\s;]*/gy, sql, at);
    if (sql.startsWith("--", next)) next = endOf(lineEnd, sql, next);
    else if (sql.startsWith("/*", next)) next = endOfBlock(sql, next, nested);
    if (next === at) break;
  }
  const end = endOf(/\w*/gy, sql, at);
  return [sql.slice(at, end).toLowerCase(), end];
}

function endOfBlock(sql: string, start: number, nested: boolean): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start + 2;
  for (let depth = 1, mark = marks.exec(sql); mark !== null; mark = marks.exec(sql)) {
    if (mark[0] === "*/") depth--;
    else if (nested) depth++;
    // In `/* /*/` the second star closes the comment where comments do not nest.
    else marks.lastIndex--;
    if (depth === 0) return marks.lastIndex;
  }
  return sql.length;
}

/** Where the first match from `from` on ends, or the text if there is none. */
function endOf(expression: RegExp, sql: string, from: number): number {
  expression.lastIndex = from;
  return expression.test(sql) ? expression.lastIndex : sql.length;
}
