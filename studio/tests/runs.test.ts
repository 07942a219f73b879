import { expect, test } from "vitest";

import { confused, figure, matrix, rounds, spans, telling } from "../src/studio/runs.ts";
import type { Run, RunHead } from "../src/studio/server.ts";

test("a number has the digits that count", () => {
  expect([2 / 3, 0.0167, 2e-17, 41.2345, -1.49518, 1234.567, null, NaN].map(figure)).toEqual(["0.667", "0.017", "0", "41.23", "-1.495", "1235", "–", "–"]);
});

test("an axis has round numbers, within its ends", () => {
  expect(rounds(0, 4, 6)).toEqual([0, 1, 2, 3, 4]);
  expect(rounds(0.313, 0.771, 4)).toEqual([0.4, 0.6]);
  expect(rounds(-3.2, 9.9, 4)).toEqual([0, 5]);
});

test("what is told first is of test, and what people ask for", () => {
  expect(telling({ "val/mood/accuracy": 0.9, "test/mood/ece": 0.1, "test/mood/accuracy": 0.8 })).toEqual(["test/mood/accuracy", 0.8]);
  expect(telling({ "val/recommend/coverage_at_20": 0.2, "val/recommend/ndcg_at_10": 0.4 })).toEqual(["val/recommend/ndcg_at_10", 0.4]);
  expect(telling({})).toBeNull();
});

test("the confusion is a table, and what is confused most comes first", () => {
  const head = { classes: ["a", "b"], confusion: [[0, 0, 7], [0, 1, 2], [1, 0, 5]] } as unknown as RunHead;
  expect(matrix(head)).toEqual({ counts: [[7, 2], [5, 0]], sums: [9, 5] });
  expect(confused(head)).toEqual([[1, 0, 5], [0, 1, 2]]);
});

test("metrics of the end have their intervals, and what is no metric is left out", () => {
  const run = { metrics: { val: { mood: { accuracy: { value: 0.5, low: 0.4, high: 0.6 }, count: 60 } }, train: {} } } as unknown as Run;
  expect(spans(run)).toEqual([{ side: "val", head: "mood", metrics: [{ name: "accuracy", value: 0.5, low: 0.4, high: 0.6 }] }]);
});
