// Pictures as a canvas has them, and what OpenCV does to them in closeup's Python, level by level.

/** Red, green, blue and alpha, a byte each, row by row; alpha means nothing here. An ImageData is one. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

export function blank(width: number, height: number): Picture {
  return { width, height, data: new Uint8ClampedArray(width * height * 4).fill(255) };
}

/** Rounds halves to the even neighbour, as OpenCV and Python do. */
export function rounded(value: number): number {
  const low = Math.floor(value);
  const part = value - low;
  if (part !== 0.5) return part < 0.5 ? low : low + 1;
  return low % 2 === 0 ? low : low + 1;
}

interface Shares {
  /** First source pixel of each target pixel. */
  readonly first: Int32Array;
  /** The shares of the source pixels from there on, `most` for each target pixel. */
  readonly share: Float64Array;
  readonly most: number;
}

/** How much of each source pixel falls into each target pixel of a row or column that is shrunk. */
function shares(source: number, target: number): Shares {
  const scale = source / target;
  const most = Math.ceil(scale) + 1;
  const first = new Int32Array(target);
  const share = new Float64Array(target * most);
  for (let place = 0; place < target; place++) {
    const low = place * scale;
    const high = Math.min(low + scale, source);
    first[place] = Math.floor(low);
    let sum = 0;
    for (let k = 0; k < most; k++) {
      const pixel = first[place] + k;
      const inside = Math.min(pixel + 1, high) - Math.max(pixel, low);
      share[place * most + k] = inside > 1e-9 ? inside : 0;
      sum += share[place * most + k];
    }
    for (let k = 0; k < most; k++) share[place * most + k] /= sum;
  }
  return { first, share, most };
}

/** Each pixel the mean of four; OpenCV rounds these halves upwards. */
function halved(source: Picture): Picture {
  const target = blank(source.width / 2, source.height / 2);
  const from = source.data;
  const row = source.width * 4;
  for (let y = 0, to = 0; y < target.height; y++) {
    for (let x = 0, at = 2 * y * row; x < target.width; x++, at += 8, to += 4) {
      for (let c = 0; c < 3; c++) {
        const sum = from[at + c] + from[at + c + 4] + from[at + c + row] + from[at + c + row + 4];
        target.data[to + c] = (sum + 2) >> 2;
      }
    }
  }
  return target;
}

/**
 * Shrinks a picture by averaging the pixels that fall together, as OpenCV's INTER_AREA.
 *
 * @throws RangeError if it would be enlarged.
 */
export function shrunk(source: Picture, width: number, height: number): Picture {
  if (width > source.width || height > source.height || width < 1 || height < 1) {
    throw new RangeError(`cannot shrink ${source.width} x ${source.height} pixels to ${width} x ${height}`);
  }
  if (width === source.width && height === source.height) return source;
  if (width * 2 === source.width && height * 2 === source.height) return halved(source);
  const across = shares(source.width, width);
  const down = shares(source.height, height);
  const target = blank(width, height);
  const line = new Float64Array(source.width * 4);
  for (let y = 0, to = 0; y < height; y++) {
    line.fill(0);
    for (let k = 0; k < down.most; k++) {
      const share = down.share[y * down.most + k];
      if (share === 0) continue;
      const from = (down.first[y] + k) * source.width * 4;
      for (let i = 0; i < line.length; i++) line[i] += share * source.data[from + i];
    }
    for (let x = 0; x < width; x++, to += 4) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let k = 0; k < across.most; k++) {
          const share = across.share[x * across.most + k];
          if (share > 0) sum += share * line[(across.first[x] + k) * 4 + c];
        }
        target.data[to + c] = rounded(sum);
      }
    }
  }
  return target;
}

/** The part of a picture from (left, top), of a size that lies inside; all whole numbers. */
export function part(source: Picture, left: number, top: number, width: number, height: number): Picture {
  const target = blank(width, height);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * source.width + left) * 4;
    target.data.set(source.data.subarray(from, from + width * 4), y * width * 4);
  }
  return target;
}

/** Takes all colour away; three equal channels stay. The weights are OpenCV's, in whole numbers. */
export function grey(source: Picture): Picture {
  const target = blank(source.width, source.height);
  const from = source.data;
  for (let i = 0; i < from.length; i += 4) {
    const level = (from[i] * 9798 + from[i + 1] * 19235 + from[i + 2] * 3735 + 16384) >> 15;
    target.data[i] = target.data[i + 1] = target.data[i + 2] = level;
  }
  return target;
}
