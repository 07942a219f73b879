// Which way a head is turned, from its five landmarks: perception/pose.py in the page, step by step.

import type { Point } from "./card.ts";

export type Pose = "front" | "left" | "right" | "up" | "down";

export interface HeadPose {
  readonly yawDeg: number;
  readonly pitchDeg: number;
  /** Sides as the picture shows them, which is not mirrored. */
  readonly name: Pose;
}

/** Eye centres, nose tip and mouth corners: x right, y down, z towards the camera, in distances between the eyes. */
const GENERIC_FACE = [[-0.5, 0, 0], [0.5, 0, 0], [0, 0.47, 0.47], [-0.424, 0.95, 0.1], [0.424, 0.95, 0.1]];
const LEVEL_DEG = 9;
const [MOST_YAW_DEG, MOST_PITCH_DEG, STEP_DEG] = [90, 60, 5];
const [FINER, ROUNDS] = [4, 5];
const [SIDE_DEG, TILT_DEG] = [20, 12];

const centred = (points: Point[]): Point[] => {
  const [mx, my] = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
  return points.map(([x, y]) => [x - mx, y - my]);
};

function projected(yawDeg: number, pitchDeg: number): Point[] {
  const [yaw, pitch] = [(yawDeg * Math.PI) / 180, (pitchDeg * Math.PI) / 180];
  return centred(
    GENERIC_FACE.map(([x, y, z]) => {
      const ahead = z * Math.cos(pitch) - y * Math.sin(pitch);
      return [x * Math.cos(yaw) + ahead * Math.sin(yaw), y * Math.cos(pitch) + z * Math.sin(pitch)];
    }),
  );
}

/** How much of the points a projection explains, rolled and scaled at best. */
function explained(seen: Point[], shape: Point[]): number {
  let [along, across, size] = [0, 0, 0];
  shape.forEach(([x, y], n) => {
    along += x * seen[n][0] + y * seen[n][1];
    across += x * seen[n][1] - y * seen[n][0];
    size += x * x + y * y;
  });
  return (along * along + across * across) / size;
}

function best(seen: Point[], yaws: number[], pitches: number[]): [number, number] {
  let [most, found]: [number, [number, number]] = [-1, [0, 0]];
  for (const yaw of yaws) {
    for (const pitch of pitches) {
      const here = explained(seen, projected(yaw, pitch));
      if (here > most) [most, found] = [here, [yaw, pitch]];
    }
  }
  return found;
}

const grid = (most: number): number[] => Array.from({ length: (2 * most) / STEP_DEG + 1 }, (_, number) => number * STEP_DEG - most);

export function headPose(landmarks: readonly Point[]): HeadPose {
  const seen = centred([...landmarks]);
  let [yaw, pitch] = best(seen, grid(MOST_YAW_DEG), grid(MOST_PITCH_DEG));
  let step = STEP_DEG;
  for (let round = 0; round < ROUNDS; round++) {
    step /= FINER;
    const around = (middle: number, most: number): number[] => Array.from({ length: 2 * FINER + 1 }, (_, number) => Math.min(Math.max(middle + step * (number - FINER), -most), most));
    [yaw, pitch] = best(seen, around(yaw, MOST_YAW_DEG), around(pitch, MOST_PITCH_DEG));
  }
  return { yawDeg: yaw, pitchDeg: pitch - LEVEL_DEG, name: nameOf(yaw / SIDE_DEG, (pitch - LEVEL_DEG) / TILT_DEG) };
}

function nameOf(side: number, tilt: number): Pose {
  if (Math.max(Math.abs(side), Math.abs(tilt)) < 1) return "front";
  if (Math.abs(side) >= Math.abs(tilt)) return side > 0 ? "right" : "left";
  return tilt > 0 ? "down" : "up";
}
