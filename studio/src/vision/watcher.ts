// One face followed from picture to picture, and what it expresses: detection, crop and network in one place, so that
// the page's worker, its tests and the benchmark all ask the same.

import { preprocess, type NetworkCard } from "./card.ts";
import { faceCrop } from "./crop.ts";
import { decodeFaces, scaled, type Face } from "./detector.ts";
import type { Network } from "./network.ts";
import { shrunk, type Picture } from "./picture.ts";

/** How closely it is looked: the longer side that faces are looked for in, and in which of so many pictures. */
export interface Care {
  readonly detectPx: number;
  readonly every: number;
}

export const USUAL: Care = { detectPx: 320, every: 2 };

/** For machines that are slow. */
export const LIGHT: Care = { detectPx: 160, every: 3 };

/** Shorter sides of a face's box below this are not judged: there is not enough to see. */
const SMALLEST_PX = 24;

export interface Seen {
  /** How many faces are in view. */
  readonly faces: number;
  /** The one that is followed; null where none is in view, or it is too small to be judged. */
  readonly face: Face | null;
  /** Of the classes that the network's card names; null with the face, and where none judges. */
  readonly probabilities: Float32Array | null;
}

export interface Model {
  readonly card: NetworkCard;
  readonly network: Network;
}

export class Watcher {
  private faces: Face[] = [];
  private followed: Face | null = null;
  private pictures = 0;

  constructor(
    private readonly detector: Model,
    private readonly expression: Model | null,
  ) {}

  /** Looks at the next picture; between two detections a face is taken to be where it was. */
  async see(picture: Picture, care: Care = USUAL): Promise<Seen> {
    if (this.pictures++ % care.every === 0 || this.followed === null) {
      this.faces = await this.detect(picture, care.detectPx);
      this.followed = this.chosen();
    }
    const { followed: face, faces } = this;
    if (face === null || Math.min(face.box[2] - face.box[0], face.box[3] - face.box[1]) < SMALLEST_PX) {
      return { faces: faces.length, face: null, probabilities: null };
    }
    if (this.expression === null) return { faces: faces.length, face, probabilities: null };
    const { card, network } = this.expression;
    const [probabilities] = await network.run(preprocess(card, faceCrop(card, picture, face.landmarks)));
    return { faces: faces.length, face, probabilities };
  }

  /** All faces in a picture, in its pixels, best first; they are looked for in one whose longer side is `longer`. */
  async detect(picture: Picture, longer: number): Promise<Face[]> {
    const factor = Math.min(1, longer / Math.max(picture.width, picture.height));
    const [width, height] = [picture.width, picture.height].map((side) => Math.max(1, Math.round(side * factor)));
    const { card, network } = this.detector;
    const input = preprocess(card, shrunk(picture, width, height));
    const faces = decodeFaces(card, await network.run(input), input.dims[3]);
    return faces.map((face) => scaled(face, picture.width / width, picture.height / height));
  }

  /** The face that was followed before, or else the largest. */
  private chosen(): Face | null {
    const before = this.followed;
    const same = before && this.faces.find((face) => near(face, before));
    if (same) return same;
    const size = ({ box }: Face) => (box[2] - box[0]) * (box[3] - box[1]);
    return this.faces.reduce<Face | null>((best, face) => (best && size(best) >= size(face) ? best : face), null);
  }
}

/** Whether the middle of one face lies in the other's box. */
function near(face: Face, before: Face): boolean {
  const [x, y] = [(face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2];
  return x > before.box[0] && x < before.box[2] && y > before.box[1] && y < before.box[3];
}
