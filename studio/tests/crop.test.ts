import { describe, expect, it } from "vitest";

import { preprocess, type Point } from "../src/vision/card.ts";
import { cutOut, faceCrop, similarity } from "../src/vision/crop.ts";
import { blank, grey, rounded, shrunk } from "../src/vision/picture.ts";
import { apart, drawn, everyPixel, golden } from "./golden.ts";

describe.each(["expression", "attributes"])("the crop for %s", (name) => {
  const kept = golden(name);
  const crop = faceCrop(kept.card, drawn(kept.picture), kept.landmarks_xy);

  it("is Python's, pixel for pixel within one grey level", () => {
    expect([crop.width, crop.height]).toEqual(kept.crop.size_wh);
    expect(apart(everyPixel(crop, kept.crop.every_px), kept.crop.rgb)).toBeLessThanOrEqual(1);
  });

  it("becomes Python's input", () => {
    const input = preprocess(kept.card, crop);
    expect(input.dims).toEqual(kept.input.shape);
    const [, , height, width] = input.dims;
    const first = kept.input.first_row.map((row, c) => [...input.data.subarray(c * height * width).slice(0, row.length)]);
    expect(apart(first, kept.input.first_row)).toBeLessThanOrEqual(1 / Math.min(...kept.card.std) + 1e-4);
  });
});

it("a detector's picture is filled up to its multiple, and in its order of colours", () => {
  const kept = golden("yunet-2023mar");
  const input = preprocess(kept.card, drawn(kept.picture));
  expect(input.dims).toEqual(kept.input.shape);
  const plane = input.dims[2] * input.dims[3];
  const first = kept.input.first_row.map((row, c) => [...input.data.subarray(c * plane).slice(0, row.length)]);
  expect(apart(first, kept.input.first_row)).toBe(0);
  expect(preprocess(kept.card, blank(320, 240)).dims).toEqual([1, 3, 256, 320]);
});

describe("similarity", () => {
  const points: Point[] = [[0, 0], [10, 1], [3, 8], [7, 7], [1, 4]];
  const moved = points.map(([x, y]): Point => [2 * x - 0.5 * y + 3, 0.5 * x + 2 * y - 7]);

  it("is found where there is one", () => {
    const { a, b, dx, dy } = similarity(points, moved);
    expect(apart([a, b, dx, dy], [2, 0.5, 3, -7])).toBeLessThan(1e-12);
  });

  it("refuses points in one place", () => {
    expect(() => similarity(points.map(() => [4, 4]), moved)).toThrow(RangeError);
  });
});

describe("pictures", () => {
  const picture = drawn({ size_wh: [160, 128], waves: [[7, 2, 0], [3, 5, 90], [1, 9, 200]] });

  it("round halves to even", () => {
    expect([0.5, 1.5, 2.5, 2.4, 2.6, -1.5].map(rounded)).toEqual([0, 2, 2, 2, 3, -2]);
  });

  it("keep their mean when they are shrunk", () => {
    const mean = (data: Uint8ClampedArray) => data.reduce((sum, level) => sum + level, 0) / data.length;
    for (const [width, height] of [[80, 64], [40, 32], [61, 50], [160, 17]]) {
      const small = shrunk(picture, width, height);
      expect([small.width, small.height]).toEqual([width, height]);
      expect(mean(small.data)).toBeCloseTo(mean(picture.data), 0);
    }
    expect(() => shrunk(picture, 161, 128)).toThrow(RangeError);
  });

  it("go on with their outermost pixels beyond the edge", () => {
    const far = cutOut(picture, { a: 1, b: 0, dx: 1000, dy: 1000 }, 4);
    expect([...far.data.subarray(0, 3)]).toEqual([...picture.data.subarray(0, 3)]);
  });

  it("are grey by luminance", () => {
    const one = blank(1, 1);
    one.data.set([200, 100, 50]);
    expect([...grey(one).data.subarray(0, 3)]).toEqual([124, 124, 124]); // 0.299 R + 0.587 G + 0.114 B
  });
});
