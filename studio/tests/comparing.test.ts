import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { describe, expect, it } from "vitest";

import { agreement, calibrated, centred, concordance, otherScenes, scoreSoFar, shares } from "../src/act-live/agreement.ts";
import { atLag, findLag, onClock, warped, type Curves, type Row } from "../src/act-live/alignment.ts";
import { apart, ROOT } from "./golden.ts";

interface Kept {
  original: Row[];
  times_s: number[];
  values: Row[];
  attempt: Curves;
  centred: Curves;
  lag_s: number;
  aligned: Curves;
  shares: number[];
  concordance: number[];
  agreement: number;
}

const kept = JSON.parse(readFileSync(resolve(ROOT, "tests/golden/performances.json"), "utf-8")) as Kept;
const attempt = onClock({ times: kept.times_s, values: kept.values }, kept.original.length);
const DIGITS = 1e-5;

function same(curves: Curves, wanted: Curves): void {
  expect(curves.map((row) => row === null)).toEqual(wanted.map((row) => row === null));
  expect(apart(curves.filter(Boolean), wanted.filter(Boolean))).toBeLessThan(DIGITS);
}

describe("a comparison is Python's", () => {
  const [x, y] = [centred(kept.original), centred(attempt)];
  const moved = atLag(y, x.length, kept.lag_s);
  const aligned = warped(x, moved);

  it("samples lie on an even clock", () => same(attempt, kept.attempt));
  it("curves are calmed and less their medians", () => same(y, kept.centred));
  it("the lag is found", () => expect(findLag(x, y)).toBeCloseTo(kept.lag_s, 9));
  it("moments are warped within half a second", () => same(aligned, kept.aligned));
  it("agreement is concordance weighed by shares", () => {
    expect(apart(shares(x), kept.shares)).toBeLessThan(DIGITS);
    expect(apart(concordance(x, aligned), kept.concordance)).toBeLessThan(DIGITS);
    expect(agreement(x, aligned)).toBeCloseTo(kept.agreement, 4);
  });
});

describe("the score so far", () => {
  const chance = otherScenes(centred(kept.original));

  it("is 100 for the same performance, and little for a face that does nothing", () => {
    expect(scoreSoFar(kept.original, kept.original, chance)).toBeCloseTo(100, 6);
    expect(scoreSoFar(kept.original, kept.original.map(() => [0.1, 0.1, 0.8]), chance)).toBe(0);
  });

  it("stands where a late attempt is", () => {
    expect(scoreSoFar(kept.original, attempt, chance)).toBeGreaterThan(75);
  });

  it("waits until three seconds can be compared", () => {
    expect(scoreSoFar(kept.original, attempt.slice(0, 25), chance)).toBeNull();
    expect(scoreSoFar(kept.original, attempt.map(() => null), chance)).toBeNull();
  });

  it("runs from chance to the same", () => {
    expect([0.2, 0.1, 0.6, 1].map((value) => calibrated(value, 0.2))).toEqual([0, 0, 50, 100].map((v) => expect.closeTo(v, 9)));
    expect(chance).toBeGreaterThanOrEqual(0);
    expect(chance).toBeLessThan(0.7);
  });
});
