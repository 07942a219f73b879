// A face cut out as its network was trained to see it: step by step what perception/face_crop.py and
// perception/classifier.py do. A crop that is made "almost the same" changes the answers by half.

import { blank, grey, part, rounded, shrunk, type Picture } from "./picture.ts";
import type { NetworkCard, Point } from "./card.ts";

/** x' = a x - b y + dx, y' = b x + a y + dy: turned, scaled and moved. */
export interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly dx: number;
  readonly dy: number;
}

/** Below this scale bilinear sampling begins to skip pixels, and the picture is shrunk by area first. */
const MOST_SHRUNK = 0.6;

/**
 * The similarity that takes points to others with the least sum of squares, never a reflection (Umeyama 1991, in two
 * dimensions).
 *
 * @throws RangeError if all points are in one place.
 */
export function similarity(from: readonly Point[], to: readonly Point[]): Similarity {
  const middle = (points: readonly Point[], axis: 0 | 1) => points.reduce((s, p) => s + p[axis], 0) / points.length;
  const [fx, fy, tx, ty] = [middle(from, 0), middle(from, 1), middle(to, 0), middle(to, 1)];
  let [along, across, spread] = [0, 0, 0];
  from.forEach(([x, y], n) => {
    const [u, v] = [to[n][0] - tx, to[n][1] - ty];
    along += (x - fx) * u + (y - fy) * v;
    across += (x - fx) * v - (y - fy) * u;
    spread += (x - fx) ** 2 + (y - fy) ** 2;
  });
  if (!(spread > 0)) throw new RangeError("the points coincide: they say nothing about scale and angle");
  const [a, b] = [along / spread, across / spread];
  return { a, b, dx: tx - (a * fx - b * fy), dy: ty - (b * fx + a * fy) };
}

/** Cuts a square crop out of a picture; beyond the picture's edge its outermost pixels go on. */
export function cutOut(picture: Picture, toCrop: Similarity, size: number): Picture {
  const scale = Math.hypot(toCrop.a, toCrop.b);
  const { a, b, dx, dy } = toCrop;
  if (scale >= MOST_SHRUNK) return sampled(picture, [a, -b, dx, b, a, dy], size);
  return shrunkAndSampled(picture, toCrop, size, scale);
}

/** Samples bilinearly by a map (2, 3) from the picture to the crop, from pixel's middle to pixel's middle. */
function sampled(picture: Picture, toCrop: readonly number[], size: number): Picture {
  const [m00, m01, m02, m10, m11, m12] = toCrop;
  const det = m00 * m11 - m01 * m10;
  const [i00, i01, i10, i11] = [m11 / det, -m01 / det, -m10 / det, m00 / det];
  const [i02, i12] = [-(i00 * m02 + i01 * m12), -(i10 * m02 + i11 * m12)];
  const { width, height, data } = picture;
  const crop = blank(size, size);
  const inside = (value: number, most: number) => Math.min(Math.max(value, 0), most);
  for (let y = 0, to = 0; y < size; y++) {
    for (let x = 0; x < size; x++, to += 4) {
      const u = i00 * x + i01 * y + i02;
      const v = i10 * x + i11 * y + i12;
      const left = Math.floor(u);
      const top = Math.floor(v);
      const right = u - left;
      const below = v - top;
      const x0 = inside(left, width - 1) * 4;
      const x1 = inside(left + 1, width - 1) * 4;
      const y0 = inside(top, height - 1) * width * 4;
      const y1 = inside(top + 1, height - 1) * width * 4;
      for (let c = 0; c < 3; c++) {
        const upper = data[y0 + x0 + c] * (1 - right) + data[y0 + x1 + c] * right;
        const lower = data[y1 + x0 + c] * (1 - right) + data[y1 + x1 + c] * right;
        crop.data[to + c] = rounded(upper * (1 - below) + lower * below);
      }
    }
  }
  return crop;
}

/** Shrinks the part of the picture that the crop shows to the crop's scale, and warps that. */
function shrunkAndSampled(picture: Picture, { a, b, dx, dy }: Similarity, size: number, scale: number): Picture {
  const square = scale * scale;
  const shown = [[0, 0], [size, 0], [0, size], [size, size]].map(([x, y]): Point => {
    const [u, v] = [x - dx, y - dy];
    return [(a * u + b * v) / square, (a * v - b * u) / square];
  });
  const limits = [picture.width, picture.height];
  const span = ([0, 1] as const).map((axis) => {
    const values = shown.map((point) => point[axis]);
    const low = Math.min(Math.max(Math.floor(Math.min(...values) - 2 / scale), 0), limits[axis] - 1);
    const high = Math.min(Math.max(Math.ceil(Math.max(...values) + 2 / scale), low + 1), limits[axis]);
    const small = Math.max(rounded((high - low) * scale), 1);
    return { low, size: high - low, small, factor: small / (high - low) };
  });
  const [across, down] = span;
  const shownPart = part(picture, across.low, down.low, across.size, down.size);
  const small = shrunk(shownPart, across.small, down.small);
  // Pixel centres lie at whole numbers, and edges half a pixel out: (x + 0.5) * factor - 0.5 is where x has gone.
  const [shiftX, shiftY] = span.map(({ low, factor }) => low + 0.5 / factor - 0.5);
  const back = [
    a / across.factor, -b / down.factor, dx + a * shiftX - b * shiftY,
    b / across.factor, a / down.factor, dy + b * shiftX + a * shiftY,
  ];
  return sampled(small, back, size);
}

/**
 * The face as a network of aligned faces wants it.
 *
 * @param landmarks Five points in pixels from the picture's corner.
 * @throws RangeError if they are all in one place.
 */
export function faceCrop(card: NetworkCard, picture: Picture, landmarks: readonly Point[]): Picture {
  const larger = rounded(card.input_px * card.cut_larger);
  // Points count from the picture's corner, and warping counts from the middle of the first pixel.
  const target = card.alignment.map(([x, y]): Point => [x * larger - 0.5, y * larger - 0.5]);
  const source = landmarks.map(([x, y]): Point => [x - 0.5, y - 0.5]);
  const cut = shrunk(cutOut(picture, similarity(source, target), larger), card.input_px, card.input_px);
  return card.grey ? grey(cut) : cut;
}
