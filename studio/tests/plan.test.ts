import { expect, test } from "vitest";

import { boxesAt, correctedAt, cuesOf, lengthOf, problemOf, snapped, withKey } from "../src/studio/plan.ts";
import type { ShortsRecord } from "../src/studio/server.ts";

test("an end moves to a cut or a sentence that is near, and to no other", () => {
  expect(snapped(4.2, [0, 4, 8])).toBe(4);
  expect(snapped(4.6, [0, 4, 8])).toBe(4.6);
  expect(snapped(4.6, [0, 4, 8, 5.05])).toBe(5.05);
  expect(snapped(4.12345, [])).toBe(4.123);
});

test("pieces end after they begin, lie in the video and do not overlap", () => {
  const of = (...spans: [number, number][]) => spans.map(([start_s, end_s]) => ({ start_s, end_s }));
  expect(problemOf(of([1, 2], [2, 4]), 4)).toBeNull();
  expect(lengthOf(of([1, 2], [2, 4]))).toBe(3);
  expect(problemOf(of([2, 2]), 4)).toBe("order");
  expect(problemOf(of([NaN, 2]), 4)).toBe("order");
  expect(problemOf(of([1, 5]), 4)).toBe("outside");
  expect(problemOf(of([1, 3], [2, 4]), 4)).toBe("overlap");
});

test("captions of both forms say when sentences begin and end", () => {
  expect(cuesOf("1\n00:00:01,500 --> 00:01:02,000\nHello at 3:15\n")).toEqual([1.5, 62]);
  expect(cuesOf("WEBVTT\n\n00:01.5 --> 01:00:02.250\nHello")).toEqual([1.5, 3602.25]);
});

test("the camera is drawn where its key frames have it, in per cent", () => {
  const camera: ShortsRecord["shorts"][0]["pieces"][0]["camera"] = [[[100, 0, 0, 100, 200], [199, 99, 0, 199, 200]]];
  const made: ShortsRecord = { shorts: [{ id: "s1", pieces: [{ start_frame: 100, end_frame: 200, start_s: 4, end_s: 8, camera }] }] };
  expect(boxesAt(made, 3.9, 400, 200)).toEqual([]);
  expect(boxesAt(made, 8, 400, 200)).toEqual([]);
  expect(boxesAt(made, 4, 400, 200)).toEqual([{ left: 0, top: 0, width: 25, height: 100 }]);
  expect(boxesAt(made, 6, 400, 200)[0].left).toBeCloseTo(12.5);
  expect(boxesAt(made, 7.99, 400, 200)[0].left).toBeCloseTo(24.75, 1);
});

test("the camera is moved in its shot as its keys say, and stays in the picture", () => {
  const camera: ShortsRecord["shorts"][0]["pieces"][0]["camera"] = [[[100, 0, 0, 100, 200], [199, 99, 0, 199, 200]]];
  const made: ShortsRecord = { shorts: [{ id: "s1", pieces: [{ start_frame: 100, end_frame: 200, start_s: 4, end_s: 8, camera }] }] };
  const keys = withKey(withKey([], { at_s: 5, panel: 0, x: 0.5, y: 0.5 }), { at_s: 4.5, panel: 0, x: 0.3, y: 0.5 });
  expect(keys.map((key) => key.at_s)).toEqual([4.5, 5]);
  expect(withKey(keys, { at_s: 5.01, panel: 0, x: 0.9, y: 0.5 }).map((key) => key.x)).toEqual([0.3, 0.9]);
  const left = (at: number) => correctedAt(made, keys, [0, 6, 9], at, 400, 200)[0].left;
  expect(left(4.5) + 12.5).toBeCloseTo(30);
  expect(left(5) + 12.5).toBeCloseTo(50);
  expect(left(5.9) - boxesAt(made, 5.9, 400, 200)[0].left).toBeCloseTo(50 - 12.5 - boxesAt(made, 5, 400, 200)[0].left);
  expect(left(7)).toBeCloseTo(boxesAt(made, 7, 400, 200)[0].left);
  expect(correctedAt(made, [{ at_s: 5, x: 0.99, y: 0.1 }], [], 5, 400, 200)[0]).toMatchObject({ left: 75, top: 0 });
});
