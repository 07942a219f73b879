// What is computed of a run: its curves from the rows that it wrote, and what it takes for what.

import type { Run, RunHead } from "./server.ts";

export interface Series {
  name: string;
  colour: string;
  points: [number, number][];
  faint?: boolean;
}

/** A number as tables show it: three or four digits that count, and no more than four behind the point. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  return Math.abs(value) < 1 ? String(Number(value.toFixed(value !== 0 && Math.abs(value) < 0.01 ? 4 : 3))) : String(Number(value.toPrecision(4)));
}

/** Round numbers between two ends, about so many. */
export function rounds(low: number, high: number, about: number): number[] {
  const rough = (high - low) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, number) => Number(((first + number) * step).toPrecision(6)));
}

/** The metrics that tell most come first: of test before val, and the ones that people ask for. */
const TELLING = ["accuracy", "macro_f1", "ndcg_at_10", "rmse", "mae", "log_rmse", "rouge1", "rougeL"];
export function telling(figures: Record<string, number>): [string, number] | null {
  const rank = (place: string): number => {
    const told = TELLING.indexOf(place.split("/").at(-1)!);
    return (place.startsWith("test/") ? 0 : 100) + (told < 0 ? 50 : told);
  };
  return Object.entries(figures).sort(([a], [b]) => rank(a) - rank(b))[0] ?? null;
}

const column = (run: Run, name: string): [number, number][] =>
  run.epochs.flatMap((row) => (row[name] ? [[Number(row.epoch), Number(row[name])] as [number, number]] : [])).filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));

/** Losses over the epochs: those of single steps faint. */
export function losses(run: Run, words: { train: string; val: string; steps: string }): Series[] {
  const found: Series[] = [
    { name: words.steps, colour: "c0", points: run.steps as [number, number][], faint: true },
    { name: words.train, colour: "c0", points: column(run, "train_loss") },
    { name: words.val, colour: "c1", points: column(run, "val_loss") },
  ];
  return found.filter((each) => each.points.length > 0);
}

/** Metrics over the epochs: shares from 0 to 1 in one chart, errors in another. */
export function metrics(run: Run): { shares: Series[]; errors: Series[] } {
  const names = Object.keys(run.epochs[0] ?? {});
  const drawn = (ends: string[]): Series[] =>
    names
      .filter((name) => ends.some((end) => name.endsWith(end)))
      .map((name, number) => ({ name: name.replaceAll("_", " "), colour: `c${number % 12}`, points: column(run, name) }))
      .filter((each) => each.points.length > 0);
  return { shares: drawn(["_accuracy", "_macro_f1", "_macro_recall"]), errors: drawn(["_mae"]) };
}

/** Epochs after which another stage begins. */
export const stages = (run: Run): number[] => run.epochs.flatMap((row, number) => (number > 0 && row.stage !== run.epochs[number - 1].stage ? [Number(run.epochs[number - 1].epoch)] : []));

/** Where the weights stood that were kept at last, on the loss of val. */
export function kept(run: Run): [number, number] | null {
  const row = run.epochs.findLast((each) => each.kept === "true" && each.val_loss);
  return row ? [Number(row.epoch), Number(row.val_loss)] : null;
}

/** The confusion as a table of counts: a row for each label, and its sum. */
export function matrix(head: RunHead): { counts: number[][]; sums: number[] } {
  const counts = head.classes.map(() => new Array<number>(head.classes.length).fill(0));
  for (const [label, prediction, count] of head.confusion) counts[label][prediction] = count;
  return { counts, sums: counts.map((row) => row.reduce((sum, count) => sum + count, 0)) };
}

/** What is taken for something else most often, the most frequent first. */
export const confused = (head: RunHead, most = 50): [number, number, number][] =>
  (head.confusion as [number, number, number][]).filter(([a, b]) => a !== b).sort((a, b) => b[2] - a[2]).slice(0, most);

export interface Span {
  name: string;
  value: number;
  low: number | null;
  high: number | null;
}

/** The metrics of the end by side and head: [["test", "mood", [accuracy, ...]]]; learners have them under their own name. */
export function spans(run: Run): { side: string; head: string; metrics: Span[] }[] {
  const sides = run.metrics as Record<string, Record<string, Record<string, unknown>>>;
  return ["test", "val"].flatMap((side) =>
    Object.entries(sides[side] ?? {})
      .filter(([, found]) => found !== null && typeof found === "object")
      .map(([head, found]) => ({
        side,
        head,
        metrics: Object.entries(found).flatMap(([name, each]) => {
          const { value, low, high } = (each ?? {}) as { value?: number; low?: number; high?: number };
          return typeof value === "number" ? [{ name, value, low: low ?? null, high: high ?? null }] : [];
        }),
      }))
      .filter((each) => each.metrics.length > 0),
  );
}
