import { expect, it } from "vitest";

import type { NetworkCard } from "../src/vision/card.ts";
import { decodeFaces, scaled } from "../src/vision/detector.ts";

const CARD = { thresholds: { report: { value: 0.6 }, overlap: { value: 0.3 } } } as unknown as NetworkCard;
const [WIDTH, HEIGHT] = [64, 32];

/** Twelve answers that see nothing, and the faces that are put in: [stride, cell, score, box]. */
function answers(faces: [number, number, number, [number, number, number, number]][]): Float32Array[] {
  const strides = [8, 16, 32];
  const sizes = [1, 1, 4, 10];
  const outputs = sizes.flatMap((size) => strides.map((s) => new Float32Array((WIDTH / s) * (HEIGHT / s) * size)));
  for (const [stride, cell, score, box] of faces) {
    const level = strides.indexOf(stride);
    outputs[level][cell] = score;
    outputs[3 + level][cell] = score;
    outputs[6 + level].set(box, 4 * cell);
    outputs[9 + level].set([0, 0, 1, 0, 0.5, 0.5, 0, 1, 1, 1], 10 * cell);
  }
  return outputs;
}

it("a cell's face lies where its numbers say", () => {
  // Stride 8, cell 11 is column 3, row 1; a box of e^(ln 2) * 8 = 16 pixels around the cell's corner and a half.
  const [face] = decodeFaces(CARD, answers([[8, 11, 0.81, [0.5, 0.5, Math.log(2), Math.log(2)]]]), WIDTH);
  expect(face.score).toBeCloseTo(0.81, 6);
  expect(face.box.map((value) => Math.round(value * 1e4) / 1e4)).toEqual([20, 4, 36, 20]);
  expect(face.landmarks).toEqual([[24, 8], [32, 8], [28, 12], [24, 16], [32, 16]]);
  expect(scaled(face, 2, 3).box[3]).toBeCloseTo(60, 4);
});

it("of boxes that overlap the best stays, and what scores little is none", () => {
  const two: [number, number, number, [number, number, number, number]][] = [
    [8, 11, 0.7, [0.5, 0.5, Math.log(2), Math.log(2)]],
    [8, 12, 0.9, [0, 0.5, Math.log(2), Math.log(2)]],
    [32, 1, 0.8, [0.5, 0.5, -1, -1]],
    [16, 1, 0.5, [0.5, 0.5, 0, 0]],
  ];
  const faces = decodeFaces(CARD, answers(two), WIDTH);
  expect(faces.map((face) => Math.round(face.score * 10) / 10)).toEqual([0.9, 0.8]);
});
