// What the counter's server says and takes, as documents/checkout.py defines it.

export type Phase = "idle" | "still" | "read" | "confirm" | "identify" | "pay" | "receipt";

export interface Thing {
  readonly box_xyxy: readonly [number, number, number, number];
  readonly state: "sure" | "doubt" | "unknown";
  readonly product: string | null;
  readonly choices: readonly string[];
}

export interface Line {
  readonly product: string;
  readonly count: number;
  readonly price_minor: number;
  readonly sum_minor: number;
}

export interface Sale {
  readonly id: string;
  readonly state: "open" | "paid" | "void";
  readonly at: string;
  readonly who: string;
  readonly currency: string;
  readonly lines: readonly Line[];
  readonly total_minor: number;
  readonly tax_minor: number;
  readonly payment: string;
}

export interface State {
  readonly number: number;
  readonly phase: Phase;
  readonly size_wh: readonly [number, number];
  readonly things: readonly Thing[];
  readonly lines: readonly Line[];
  readonly total_minor: number;
  readonly currency: string;
  readonly decimals: number;
  readonly doubts: number;
  readonly unknown: number;
  readonly nothing: readonly number[];
  readonly problem: string;
  readonly detail: string;
  readonly undo: boolean;
  readonly faces: boolean;
  readonly ask: string;
  readonly who: string;
  readonly receipt: Sale | null;
  readonly kept_days: number;
  readonly load: Readonly<Record<string, number>>;
}

export interface Product {
  readonly id: string;
  readonly name: string;
  readonly price_minor: number;
  readonly currency: string;
  readonly tax_basis_points: number;
  readonly barcode: string | null;
  readonly views: number;
  readonly retired: boolean;
}

export type Touch =
  | { kind: "choose"; thing: number; product: string }
  | { kind: "nothing"; thing: number }
  | { kind: "add" | "remove"; product: string }
  | { kind: "pin"; pin: string }
  | { kind: "undo" | "confirm" | "cancel" | "guest" | "face" | "forget" };

/** @throws Error with a sentence for people where the server refuses. */
export async function answered<T>(address: string, request?: RequestInit): Promise<T> {
  const answer = await fetch(address, request);
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as T;
}

export const readState = (after: number) => answered<State>(`state/${after}`);
export const readProducts = () => answered<Product[]>("products.json");
export const sendTouch = (touch: Touch) => answered<State>("touch", { method: "POST", body: JSON.stringify(touch) });

/** Pretendard Bold, which lies in the package beside what draws into pictures. */
export function loadDisplayFace(): void {
  const face = new FontFace("Pretendard", "url(fonts/display.woff2)", { weight: "700" });
  document.fonts.add(face);
  void face.load().catch(() => undefined); // the system's own serve as well
}
