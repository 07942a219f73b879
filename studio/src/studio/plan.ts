// What is computed of a plan of shorts: where its ends may snap to, what is wrong with them, and what the camera sees.

import type { CameraKey, ShortsRecord } from "./server.ts";

export interface Span {
  start_s: number;
  end_s: number;
}

export interface Planned {
  id: string;
  title: string;
  reason: string;
  kept: boolean;
  pieces: Span[];
  camera: CameraKey[];
}

/** A panel of the camera, in per cent of the picture. */
export interface Panel {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** So near a cut or the edge of a sentence an end moves there. */
const NEAR_S = 0.5;

export const lengthOf = (pieces: Span[]): number => pieces.reduce((sum, piece) => sum + piece.end_s - piece.start_s, 0);

/** The nearest place to snap to, or the time itself, to the millisecond, where none is near. */
export function snapped(seconds: number, places: number[]): number {
  const nearest = places.reduce((best, each) => (Math.abs(each - seconds) < Math.abs(best - seconds) ? each : best), Infinity);
  return Math.round((Math.abs(nearest - seconds) <= NEAR_S ? nearest : seconds) * 1000) / 1000;
}

export function problemOf(pieces: Span[], duration_s: number): "order" | "outside" | "overlap" | null {
  for (const [number, piece] of pieces.entries()) {
    if (!(piece.end_s > piece.start_s)) return "order";
    if (piece.start_s < 0 || piece.end_s > duration_s + 0.001) return "outside";
    if (number > 0 && piece.start_s < pieces[number - 1].end_s) return "overlap";
  }
  return null;
}

/** When captions begin and end, of SRT or WebVTT, in seconds: where sentences are heard. */
export function cuesOf(text: string): number[] {
  const times = [...text.matchAll(/(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})/g)];
  return times.map(([, hours, minutes, seconds, part]) => Number(hours ?? 0) * 3600 + Number(minutes) * 60 + Number(seconds) + Number(part.padEnd(3, "0")) / 1000);
}

/** What the camera shows at a time of the source: a panel or two, and none where no short is. */
export function boxesAt(made: ShortsRecord, seconds: number, width: number, height: number): Panel[] {
  const piece = made.shorts.flatMap((short) => short.pieces).find((each) => each.start_s <= seconds && seconds < each.end_s);
  if (!piece) return [];
  const share = (seconds - piece.start_s) / (piece.end_s - piece.start_s);
  const frame = piece.start_frame + share * (piece.end_frame - piece.start_frame);
  return piece.camera.map((keys) => {
    const after = Math.max(keys.findIndex((key) => key[0] >= frame), 0);
    const [a, b] = [keys[Math.max(after - 1, 0)], frame > keys.at(-1)![0] ? keys.at(-1)! : keys[after]];
    const from = frame > keys.at(-1)![0] ? b : a;
    const way = b[0] > from[0] ? (frame - from[0]) / (b[0] - from[0]) : 1;
    const [x0, y0, x1, y1] = [1, 2, 3, 4].map((edge) => from[edge] + way * (b[edge] - from[edge]));
    return { left: (100 * x0) / width, top: (100 * y0) / height, width: (100 * (x1 - x0)) / width, height: (100 * (y1 - y0)) / height };
  });
}

const middleOf = (panel: Panel): [number, number] => [(panel.left + panel.width / 2) / 100, (panel.top + panel.height / 2) / 100];

/** What the camera shows with somebody's corrections: in a shot it is moved as its keys say, evenly between two of them. */
export function correctedAt(made: ShortsRecord, keys: CameraKey[], cuts: number[], seconds: number, width: number, height: number): Panel[] {
  const start = Math.max(0, ...cuts.filter((cut) => cut <= seconds));
  const end = Math.min(Infinity, ...cuts.filter((cut) => cut > seconds));
  return boxesAt(made, seconds, width, height).map((panel, number) => {
    const own = keys.filter((key) => (key.panel ?? 0) === number && key.at_s >= start && key.at_s < end).sort((a, b) => a.at_s - b.at_s);
    const shifts = own.flatMap((key) => {
      const planned = boxesAt(made, key.at_s, width, height)[number];
      return planned ? [[key.at_s, key.x - middleOf(planned)[0], key.y - middleOf(planned)[1]]] : [];
    });
    if (shifts.length === 0) return panel;
    const after = shifts.findIndex(([at]) => at >= seconds);
    const [a, b] = [shifts[after < 0 ? shifts.length - 1 : Math.max(after - 1, 0)], shifts[after < 0 ? shifts.length - 1 : after]];
    const way = b[0] > a[0] ? Math.min(Math.max((seconds - a[0]) / (b[0] - a[0]), 0), 1) : 1;
    const shifted = (from: number, size: number, axis: 1 | 2): number => {
      const to = from + 100 * (a[axis] + way * (b[axis] - a[axis]));
      return size <= 100 ? Math.min(Math.max(to, 0), 100 - size) : to;
    };
    return { ...panel, left: shifted(panel.left, panel.width, 1), top: shifted(panel.top, panel.height, 2) };
  });
}

/** The keys with one more, which takes the place of one at the same moment. */
export const withKey = (keys: CameraKey[], key: CameraKey): CameraKey[] =>
  [...keys.filter((each) => each.panel !== key.panel || Math.abs(each.at_s - key.at_s) > 0.02), key].sort((a, b) => a.at_s - b.at_s);
