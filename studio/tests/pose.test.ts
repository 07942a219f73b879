import { expect, test } from "vitest";

import type { Point } from "../src/vision/card.ts";
import { headPose } from "../src/vision/pose.ts";

/** Landmarks, and what perception/pose.py says of them: yaw, pitch, name. */
const SAID: [Point[], number, number, string][] = [
  [[[100, 100], [160, 102], [131, 135], [108, 165], [155, 166]], 1.392, -4.181, "front"],
  [[[100, 100], [150, 100], [160, 128], [112, 160], [150, 158]], 48.955, -10.577, "right"],
  [[[110, 100], [150, 98], [98, 130], [112, 158], [146, 160]], -55.449, -5.602, "left"],
  [[[100, 100], [160, 100], [130, 150], [107, 158], [153, 158]], 0.000, 24.315, "down"],
  [[[100, 100], [160, 100], [130, 118], [106, 160], [154, 160]], 0.000, -24.903, "up"],
];

test("a head is turned as Python says", () => {
  for (const [landmarks, yaw, pitch, name] of SAID) {
    const pose = headPose(landmarks);
    expect(pose.yawDeg).toBeCloseTo(yaw, 1);
    expect(pose.pitchDeg).toBeCloseTo(pitch, 1);
    expect(pose.name).toBe(name);
  }
});

test("a mirrored head is turned the other way", () => {
  const [landmarks, yaw] = SAID[1];
  const mirrored = [1, 0, 2, 4, 3].map((n): Point => [-landmarks[n][0], landmarks[n][1]]);
  expect(headPose(mirrored).yawDeg).toBeCloseTo(-yaw, 1);
});
