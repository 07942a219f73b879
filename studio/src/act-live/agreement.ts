// How far two performances are the same, so far: algorithms/performance/agreement.py in the page, for the score that
// runs along. What a take scores in the end, Python says.

import { rounded } from "../vision/picture.ts";
import { atLag, findLag, RATE_HZ, warped, type Curves, type Row } from "./alignment.ts";

/** Curves that vary by less than this together (sum of variances) do nothing that could be played. */
const STILL = 1e-4;

/** Each moment with a half of its neighbours: a face that speaks or blinks is taken for many things. */
const SMOOTH = [0.25, 0.5, 0.25];

/** Of a shorter original no other scene can be taken that is farther away than a lag may be. */
const SHORTEST_S = 12;

/** Less than this in common is no performance. */
export const LEAST_S = 3;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Curves less their medians over the rows that `counted` keeps. */
function lessMedian(curves: Curves, counted: (row: Row | null, at: number) => boolean): Curves {
  const rows = curves.filter(counted) as Row[];
  if (rows.length === 0) return curves;
  const medians = rows[0].map((_, k) => median(rows.map((row) => row[k])));
  return curves.map((row) => row && row.map((value, k) => value - medians[k]));
}

/** Probabilities calmed, and each less its own median: faces at rest are taken for different things. */
export function centred(curves: Curves): Curves {
  const calm = curves.map((row, at) => {
    if (row === null) return null;
    const near = SMOOTH.map((weight, n) => ({ weight, beside: curves[at + n - 1] ?? null })).filter((n) => n.beside);
    const whole = near.reduce((sum, { weight }) => sum + weight, 0);
    return row.map((_, k) => near.reduce((sum, { weight, beside }) => sum + weight * beside![k], 0) / whole);
  });
  return lessMedian(calm, (row) => row !== null);
}

function moments(values: readonly number[]) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length };
}

/** How much of what a face does is each expression: variances that sum to 1; all 0 for a still face. */
export function shares(original: Curves): number[] {
  const rows = original.filter((row) => row !== null);
  if (rows.length === 0) return [];
  const variances = rows[0].map((_, k) => moments(rows.map((row) => row[k])).variance);
  const sum = variances.reduce((total, variance) => total + variance, 0);
  return variances.map((variance) => (sum >= STILL ? variance / sum : 0));
}

/** The concordance correlation coefficient of each curve, over what both know; 0 where neither moves. */
export function concordance(first: Curves, second: Curves): number[] {
  const pairs = first.flatMap((row, at) => (row && second[at] ? [[row, second[at]] as const] : []));
  if (pairs.length === 0) return (first.find((row) => row !== null) ?? []).map(() => 0);
  return pairs[0][0].map((_, k) => {
    const [x, y] = [moments(pairs.map(([row]) => row[k])), moments(pairs.map(([, row]) => row[k]))];
    const apart = x.variance + y.variance + (x.mean - y.mean) ** 2;
    const together = pairs.reduce((sum, [a, b]) => sum + (a[k] - x.mean) * (b[k] - y.mean), 0) / pairs.length;
    return apart > 1e-12 ? (2 * together) / apart : 0;
  });
}

/** Concordance of the expressions of two performances, weighed by the original's shares: -1 to 1. */
export function agreement(original: Curves, attempt: Curves): number {
  const each = concordance(original, attempt);
  return shares(original).reduce((sum, share, k) => sum + share * (each[k] ?? 0), 0);
}

/** An agreement as a score from 0, what chance gives or less, to 100, the same performance. */
export function calibrated(value: number, chance: number): number {
  return chance < 1 ? 100 * Math.min(Math.max((value - chance) / (1 - chance), 0), 1) : 0;
}

/** The agreement of an attempt with an original, both centred, brought to its time as well as may be. */
function bestAgreement(original: Curves, attempt: Curves): number {
  const moved = atLag(attempt, original.length, findLag(original, attempt));
  const both = (_: Row | null, at: number) => original[at] !== null && moved[at] !== null;
  const [x, y] = [lessMedian(original, both), lessMedian(moved, both)];
  return agreement(x, warped(x, y));
}

/** What other moments of the original itself would agree; 0 where it is too short to have any. */
export function otherScenes(original: Curves): number {
  const { length } = original;
  if (length < SHORTEST_S * RATE_HZ) return 0;
  const found = [0.35, 0.5, 0.65].map((turn) => {
    const by = length - rounded(turn * length);
    return bestAgreement(original, [...original.slice(by), ...original.slice(0, by)]);
  });
  return Math.max(found.reduce((sum, value) => sum + value, 0) / found.length, 0);
}

/** The score so far, 0 to 100; null while too little can be compared. */
export function scoreSoFar(original: Curves, attempt: Curves, chance: number): number | null {
  const played = original.slice(0, attempt.length);
  const common = played.filter((row, at) => row && attempt[at]).length;
  if (common < LEAST_S * RATE_HZ) return null;
  return calibrated(bestAgreement(centred(played), centred(attempt)), chance);
}
