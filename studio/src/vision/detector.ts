// YuNet's answers read as faces: perception/yunet.py in the page.

import type { NetworkCard, Point } from "./card.ts";

export interface Face {
  /** Left, top, right, bottom in pixels. */
  readonly box: [number, number, number, number];
  readonly landmarks: Point[];
  readonly score: number;
}

const STRIDES = [8, 16, 32];

/**
 * Faces in the network's own pixels, best first.
 *
 * @param outputs The twelve answers in the network's order: class, object, box and points, each at strides 8, 16, 32.
 * @param width Of the network's input.
 */
export function decodeFaces(card: NetworkCard, outputs: readonly Float32Array[], width: number): Face[] {
  const least = card.thresholds!.report.value;
  const most = card.thresholds!.overlap.value;
  const found: Face[] = [];
  STRIDES.forEach((stride, level) => {
    const [classes, objects, boxes, points] = [0, 1, 2, 3].map((kind) => outputs[kind * STRIDES.length + level]);
    const columns = width / stride;
    const unit = (value: number) => Math.min(Math.max(value, 0), 1);
    for (let cell = 0; cell < classes.length; cell++) {
      const score = Math.sqrt(unit(classes[cell]) * unit(objects[cell]));
      if (score < least) continue;
      const [column, row] = [cell % columns, Math.floor(cell / columns)];
      const [x, y] = [(column + boxes[4 * cell]) * stride, (row + boxes[4 * cell + 1]) * stride];
      const [w, h] = [(Math.exp(boxes[4 * cell + 2]) * stride) / 2, (Math.exp(boxes[4 * cell + 3]) * stride) / 2];
      const landmarks = [0, 1, 2, 3, 4].map((n): Point => [
        (column + points[10 * cell + 2 * n]) * stride,
        (row + points[10 * cell + 2 * n + 1]) * stride,
      ]);
      found.push({ box: [x - w, y - h, x + w, y + h], landmarks, score });
    }
  });
  found.sort((one, other) => other.score - one.score);
  const kept: Face[] = [];
  for (const face of found) if (kept.every((better) => overlap(better.box, face.box) <= most)) kept.push(face);
  return kept;
}

/** Intersection over union of two boxes. */
function overlap(one: Face["box"], other: Face["box"]): number {
  const width = Math.min(one[2], other[2]) - Math.max(one[0], other[0]);
  const height = Math.min(one[3], other[3]) - Math.max(one[1], other[1]);
  if (width <= 0 || height <= 0) return 0;
  const area = (box: Face["box"]) => (box[2] - box[0]) * (box[3] - box[1]);
  return (width * height) / (area(one) + area(other) - width * height);
}

/** A face in a picture that is so many times larger. */
export function scaled(face: Face, byX: number, byY: number): Face {
  const [left, top, right, bottom] = face.box;
  return {
    box: [left * byX, top * byY, right * byX, bottom * byY],
    landmarks: face.landmarks.map(([x, y]): Point => [x * byX, y * byY]),
    score: face.score,
  };
}
