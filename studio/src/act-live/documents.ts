// What the server has, as documents/act.py defines it, and how a take is sent.

import type { Row } from "./alignment.ts";

export interface Performance {
  readonly video: { readonly path: string; readonly duration_s: number };
  readonly person: { readonly id: string; readonly name: string | null };
  readonly expressions: readonly string[];
  readonly times_s: readonly number[];
  readonly probabilities: readonly Row[];
}

export interface Take {
  /** Its number, counted from 1. */
  readonly folder: string;
  readonly score: number | null;
  readonly interval: readonly [number, number] | null;
  readonly unscored: string;
}

export interface Moment {
  readonly kind: "best" | "worst";
  readonly start_s: number;
  readonly sentence: string;
}

export interface Result {
  readonly score: number | null;
  readonly interval: readonly [number, number] | null;
  readonly unscored: string;
  readonly timing: { readonly lag_s: number; readonly drift_s_per_min: number } | null;
  readonly moments: readonly Moment[];
}

/** What the page measured of a take, on the recording's clock. */
export interface Curves {
  readonly expressions: readonly string[];
  readonly times_s: number[];
  readonly probabilities: Row[];
  readonly boxes_xyxy: number[][];
}

export const ORIGINAL_VIDEO = "original";
export const MODELS = { detector: "models/detector", expression: "models/expression" } as const;

export const takeVideo = (number: string) => `takes/${number}/video`;

async function answered<T>(address: string, request?: RequestInit): Promise<T> {
  const answer = await fetch(address, request);
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as T;
}

export const readOriginal = () => answered<Performance>("original.json");
export const readResult = (number: string) => answered<Result>(`takes/${number}/act.json`);
export const readPlayed = (number: string) => answered<Performance>(`takes/${number}/attempt.performance.json`);

/** The best first. */
export async function readTakes(): Promise<readonly Take[]> {
  return (await answered<{ attempts: Take[] } | null>("takes.json"))?.attempts ?? [];
}

/** Sends a take: its curves in one line of JSON, then the recording. Gives all takes, the best first. */
export async function keepTake(curves: Curves, recording: Blob[]): Promise<readonly Take[]> {
  const body = new Blob([JSON.stringify(curves), "\n", ...recording], { type: "application/octet-stream" });
  return (await answered<{ attempts: Take[] }>("takes", { method: "POST", body })).attempts;
}
