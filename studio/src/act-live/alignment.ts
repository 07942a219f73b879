// Two performances on one clock: algorithms/performance/alignment.py in the page, without the search for a rate.
//
// Curves are rows of K values, one for each moment, evenly apart; null where nothing is known. A positive lag is a late
// attempt.

export type Row = readonly number[];
export type Curves = readonly (Row | null)[];

/** How often a moment is, of a second. */
export const RATE_HZ = 10;

/** Lags up to this are looked for, either way. */
const REACH_S = 3;

/** So much of a correlation the farthest lag has to be better than none. */
const PREFERENCE = 0.1;

/** A lag counts only where this part of what could be compared at best can be compared. */
const FEWEST = 0.5;

/** The warping moves a moment by this at most. */
const BAND_S = 0.5;

/** What a moment that is moved to the band's edge costs more than one that stays, in mean costs. */
const STRAIGHT = 0.3;

/** Between samples farther apart than this, and beyond the ends, a sample holds for half of it. */
const GAP_S = 0.5;

export interface Samples {
  /** Ascending. */
  readonly times: readonly number[];
  readonly values: readonly Row[];
}

/** Samples of any times on the even clock: `length` moments from 0 on, on the lines between neighbouring samples. */
export function onClock({ times, values }: Samples, length: number): Curves {
  let after = 0;
  return Array.from({ length }, (_, moment) => {
    if (times.length === 0) return null;
    const wanted = moment / RATE_HZ;
    while (after < times.length - 1 && times[after] < wanted) after++;
    const before = Math.max(after - 1, 0);
    const inside = times[before] <= wanted && wanted <= times[after];
    const apart = times[after] - times[before];
    if (inside && apart <= GAP_S + 1e-9) {
      const share = apart > 0 ? (wanted - times[before]) / apart : 0;
      return values[before].map((value, k) => value + share * (values[after][k] - value));
    }
    const nearest = times[after] - wanted < wanted - times[before] ? after : before;
    return Math.abs(times[nearest] - wanted) <= GAP_S / 2 + 1e-9 ? values[nearest] : null;
  });
}

/** An attempt on the original's clock of `length` moments; null where it has none. */
export function atLag(curves: Curves, length: number, lagS: number): Curves {
  return Array.from({ length }, (_, moment) => {
    const place = lagS * RATE_HZ + moment;
    if (place < -1e-9 || place > curves.length - 1 + 1e-9) return null;
    const low = Math.min(Math.max(Math.floor(place + 1e-9), 0), curves.length - 1);
    const share = Math.abs(place - low) < 1e-9 ? 0 : place - low;
    const [first, second] = [curves[low], curves[Math.min(low + (share > 0 ? 1 : 0), curves.length - 1)]];
    return first && second && first.map((value, k) => (1 - share) * value + share * second[k]);
  });
}

/** Curves less their means, nulls as zeros, which say nothing in sums. */
function filled(curves: Curves): { known: boolean[]; rows: Row[] } {
  const known = curves.map((row) => row !== null);
  const rows = curves.filter((row) => row !== null);
  const width = rows[0]?.length ?? 0;
  const means = Array.from({ length: width }, (_, k) => rows.reduce((sum, row) => sum + row[k], 0) / rows.length);
  const nothing = means.map(() => 0);
  return { known, rows: curves.map((row) => row?.map((value, k) => value - means[k]) ?? nothing) };
}

/** Pearson's correlation over all curves at once with the attempt moved by whole moments; 0 where one side is still. */
function correlation(one: ReturnType<typeof filled>, other: ReturnType<typeof filled>, shift: number) {
  const width = Math.max(one.rows[0]?.length ?? 0, other.rows[0]?.length ?? 0);
  const [a, b, aa, bb, ab] = Array.from({ length: 5 }, () => new Array<number>(width).fill(0));
  let count = 0;
  for (let at = Math.max(0, -shift); at < Math.min(one.rows.length, other.rows.length - shift); at++) {
    if (!one.known[at] || !other.known[at + shift]) continue;
    count++;
    for (let k = 0; k < width; k++) {
      const [x, y] = [one.rows[at][k], other.rows[at + shift][k]];
      a[k] += x;
      b[k] += y;
      aa[k] += x * x;
      bb[k] += y * y;
      ab[k] += x * y;
    }
  }
  const some = Math.max(count, 1);
  let [xx, yy, xy] = [0, 0, 0];
  for (let k = 0; k < width; k++) {
    xx += aa[k] - a[k] ** 2 / some;
    yy += bb[k] - b[k] ** 2 / some;
    xy += ab[k] - (a[k] * b[k]) / some;
  }
  const scale = Math.sqrt(Math.max(xx, 0) * Math.max(yy, 0));
  return { count, value: scale > 1e-9 ? xy / scale : 0 };
}

/** The lag in seconds at which an attempt moves most as the original does; of several good ones that nearest to none. */
export function findLag(original: Curves, attempt: Curves): number {
  const reach = Math.round(REACH_S * RATE_HZ);
  const [one, other] = [filled(original), filled(attempt)];
  const all = Array.from({ length: 2 * reach + 1 }, (_, n) => correlation(one, other, n - reach));
  const fewest = Math.max(FEWEST * Math.max(...all.map(({ count }) => count)), 2);
  let [best, lag] = [-Infinity, 0];
  all.forEach(({ count, value }, n) => {
    const total = (count >= fewest ? value : 0) - (PREFERENCE * Math.abs(n - reach)) / reach;
    if (total > best + 1e-12) [best, lag] = [total, (n - reach) / RATE_HZ];
  });
  return lag;
}

/**
 * An attempt brought to the original's moments by dynamic time warping in a band, with symmetric steps: means of the
 * moments that belong to each of the original's.
 */
export function warped(original: Curves, attempt: Curves): Curves {
  const sums = original.map(() => ({ count: 0, row: null as number[] | null }));
  for (const [at, of] of path(original, attempt)) {
    const row = attempt[of];
    if (row === null) continue;
    sums[at].count++;
    sums[at].row = row.map((value, k) => value + (sums[at].row?.[k] ?? 0));
  }
  return sums.map(({ count, row }) => row && row.map((value) => value / count));
}

/** Which moments belong together, from the last to the first. */
function path(original: Curves, attempt: Curves): [number, number][] {
  const [length, band] = [original.length, Math.round(BAND_S * RATE_HZ)];
  const { costs, mean } = squaredDifferences(original, attempt, band);
  const width = 2 * band + 1;
  const steps = new Uint8Array(length * width); // 0: from both before, 1: the original's before, 2: the attempt's
  let before: number[] = new Array<number>(width).fill(Infinity);
  for (let row = 0; row < length; row++) {
    const now = new Array<number>(width).fill(Infinity);
    for (let column = 0; column < width; column++) {
      if (row + column - band < 0 || row + column - band >= length) continue;
      const cost = (costs[row * width + column] ?? mean) + STRAIGHT * mean * ((column - band) / band) ** 2;
      if (row === 0 && column === band) {
        now[column] = 2 * cost;
        continue;
      }
      const ways = [
        row > 0 ? before[column] + 2 * cost : Infinity,
        row > 0 && column + 1 < width ? before[column + 1] + cost : Infinity,
        column > 0 ? now[column - 1] + cost : Infinity,
      ];
      const step = ways.indexOf(Math.min(...ways));
      now[column] = ways[step];
      steps[row * width + column] = step;
    }
    before = now;
  }
  const pairs: [number, number][] = [];
  let [row, column] = [length - 1, band];
  while (row > 0 || column !== band) {
    pairs.push([row, row + column - band]);
    const step = steps[row * width + column];
    if (step === 0) row--;
    else if (step === 1) [row, column] = [row - 1, column + 1];
    else column--;
  }
  pairs.push([0, 0]);
  return pairs;
}

/** What it costs to let moments belong together, undefined where one is not known; and the mean of what is known. */
function squaredDifferences(original: Curves, attempt: Curves, band: number) {
  const width = 2 * band + 1;
  const costs = new Array<number | undefined>(original.length * width).fill(undefined);
  let [sum, count] = [0, 0];
  original.forEach((first, row) => {
    for (let column = 0; column < width; column++) {
      const second = attempt[row + column - band] ?? null;
      if (first === null || second === null) continue;
      const cost = first.reduce((total, value, k) => total + (value - second[k]) ** 2, 0);
      costs[row * width + column] = cost;
      sum += cost;
      count++;
    }
  });
  return { costs, mean: count > 0 ? sum / count : 1 };
}
