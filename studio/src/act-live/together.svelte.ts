// The original and a take played in step: the take's lag and drift taken out, and put right where players stray.

import type { Shown } from "./stage.svelte.ts";

const ASTRAY_S = 0.12;

export class Together {
  first: HTMLVideoElement | null = null;
  second = $state.raw<HTMLVideoElement | null>(null);
  /** Whether the take is shown in the camera's place. */
  on = $state(false);
  /** Where the original is, in seconds. */
  timeS = $state(0);
  private shown: Shown | null = null;
  private fromS = 0;

  play(shown: Shown, fromS: number): void {
    [this.shown, this.fromS, this.on] = [shown, fromS, true];
    if (this.second) this.begin();
  }

  /** The take's element has come. */
  begin(): void {
    if (!this.first || !this.second || !this.shown) return;
    this.first.currentTime = this.fromS;
    this.second.playbackRate = this.shown.rate;
    void this.first.play().catch(() => this.end());
    this.follow();
  }

  end(): void {
    if (!this.on) return;
    this.on = false;
    this.first?.pause();
  }

  /** Called whenever the original moves. */
  follow(): void {
    if (!this.first) return;
    this.timeS = this.first.currentTime;
    const { second, shown, first } = this;
    if (!this.on || !second || !shown) return;
    const wanted = shown.lagS + shown.rate * first.currentTime;
    const there = wanted >= 0 && !(wanted > second.duration);
    if (there && Math.abs(second.currentTime - wanted) > ASTRAY_S) second.currentTime = wanted;
    if (!there || first.paused || first.ended) second.pause();
    else if (second.paused) second.play().catch(() => second.pause());
  }
}
