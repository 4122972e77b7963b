/**
 * Progress of long work: a bar on a terminal, a line now and then elsewhere.
 *
 * @module
 */
import cliProgress from "cli-progress";
import { shownLine } from "../worker/shown_line.ts";

/** Told about each piece of work that is done. */
export interface Progress {
  /** @param failed How many of them have failed. */
  add(count?: number, failed?: number): void;
  stop(): void;
}

/** Told what is done now, and about each step that is done. */
export interface Steps {
  now(what: string): void;
  done(): void;
  stop(): void;
}

const LINE_EVERY_MS = 5_000;

/** Shows progress on stderr. Of work without a known end, it shows how much is done and how fast. */
export function showProgress(what: string, total?: number): Progress {
  return Deno.stderr.isTerminal() ? showBar(what, total) : showLines(what, total);
}

function showBar(what: string, total: number | undefined): Progress {
  const bar = new cliProgress.SingleBar({
    format: total === undefined
      ? `${what}: {value}, {rate}/s{failures}`
      : `${what} [{bar}] {value}/{total}, {rate}/s, {eta_formatted} left{failures}`,
    hideCursor: true,
  }, cliProgress.Presets.shades_classic);
  const startedAt = performance.now();
  let done = 0;
  let failures = 0;
  bar.start(total ?? 0, 0, { rate: "-", failures: "" });
  return {
    add(count = 1, failed = 0) {
      done += count;
      failures += failed;
      const rate = Math.round(done / (performance.now() - startedAt) * 1_000);
      bar.increment(count, { rate, failures: textOf(failures) });
    },
    stop: () => bar.stop(),
  };
}

function textOf(failures: number): string {
  return failures > 0 ? `, ${failures} failed` : "";
}

function showLines(what: string, total: number | undefined): Progress {
  let done = 0;
  let failures = 0;
  let shownAt = performance.now();
  const show = () => console.error(`${what}: ${done}${total === undefined ? "" : `/${total}`}${textOf(failures)}`);
  return {
    add(count = 1, failed = 0) {
      done += count;
      failures += failed;
      if (performance.now() - shownAt < LINE_EVERY_MS) return;
      shownAt = performance.now();
      show();
    },
    stop: show,
  };
}

/**
 * Shows on stderr how many steps of long work are done, and what is done now.
 *
 * @param plain Lines on a terminal too, as something else is written there.
 */
export function showSteps(total: number, plain: boolean): Steps {
  let done = 0;
  if (plain || !Deno.stderr.isTerminal()) {
    const startedAt = performance.now();
    const seconds = () => Math.round((performance.now() - startedAt) / 1_000);
    return {
      now: (what) => console.error(`[${done}/${total}, ${seconds()} s] ${what}`),
      done: () => void done++,
      stop() {},
    };
  }
  const bar = new cliProgress.SingleBar({
    format: "[{bar}] {value}/{total} after {duration_formatted}: {what}",
    hideCursor: true,
  }, cliProgress.Presets.shades_classic);
  bar.start(total, 0, { what: "" });
  return { now: (what) => bar.update({ what: shownLine(what) }), done: () => bar.increment(), stop: () => bar.stop() };
}
