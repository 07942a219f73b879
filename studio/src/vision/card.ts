// What a network wants to be shown: closeup's own cards (weights/network_card.py), as the server passes them on.

import type { Picture } from "./picture.ts";

export type Point = [x: number, y: number];

export interface NetworkCard {
  readonly name: string;
  readonly input_px: number;
  readonly input_multiple: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  readonly colour: "RGB" | "BGR";
  readonly grey: boolean;
  readonly alignment: readonly Point[];
  readonly cut_larger: number;
  readonly heads: readonly { readonly name: string; readonly classes: readonly string[] }[];
  readonly thresholds?: Readonly<Record<string, { readonly value: number }>>;
}

export interface Input {
  readonly data: Float32Array;
  /** [1, 3, height, width] */
  readonly dims: [number, number, number, number];
}

/** A picture as a network's input; black fills what is missing to the card's multiple on the right and below. */
export function preprocess(card: NetworkCard, picture: Picture): Input {
  const { width, height, data: pixels } = picture;
  const by = card.input_multiple;
  const [wide, high] = [Math.ceil(width / by) * by, Math.ceil(height / by) * by];
  const data = new Float32Array(3 * wide * high);
  for (let channel = 0; channel < 3; channel++) {
    const source = card.colour === "BGR" ? 2 - channel : channel;
    const [mean, std] = [card.mean[channel], card.std[channel]];
    for (let y = 0; y < height; y++) {
      let from = y * width * 4 + source;
      let to = (channel * high + y) * wide;
      for (let x = 0; x < width; x++, from += 4, to++) data[to] = (pixels[from] - mean) / std;
    }
  }
  return { data, dims: [1, 3, high, wide] };
}
