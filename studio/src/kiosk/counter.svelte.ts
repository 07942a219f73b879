// How the counter stands, told by its server whenever that changes; and touches on their way there.

import { readState, sendTouch, type State, type Touch } from "./documents.ts";
import { firstLanguage, wordsIn } from "./words.ts";

const AGAIN_MS = 1000;

/** Where there are no news the picture is still fetched anew. */
const PICTURE_MS = 120;

export class Counter {
  state = $state.raw<State | null>(null);
  offline = $state(false);
  language = $state(firstLanguage());
  /** Address of the newest picture. */
  picture = $state("");
  readonly words = $derived(wordsIn(this.language));

  constructor() {
    void this.follow();
    void this.look();
  }

  speak(language: string): void {
    this.language = language;
    localStorage.setItem("kiosk-language", language);
  }

  async touch(touch: Touch): Promise<void> {
    try {
      this.take(await sendTouch(touch));
    } catch {
      this.offline = true;
    }
  }

  private take(state: State): void {
    this.offline = false;
    if (state.number >= (this.state?.number ?? 0)) this.state = state;
  }

  private async follow(): Promise<void> {
    for (;;) {
      try {
        this.take(await readState(this.offline ? 0 : (this.state?.number ?? 0)));
      } catch {
        this.offline = true;
        await pause(AGAIN_MS);
      }
    }
  }

  /** Fetches the next picture once the one before is there. */
  private async look(): Promise<void> {
    for (let number = 0; ; number++) {
      await pause(document.hidden ? AGAIN_MS : PICTURE_MS);
      try {
        const answer = await fetch(`frame/${number}.jpg`);
        if (!answer.ok) throw new Error();
        const before = this.picture;
        this.picture = URL.createObjectURL(await answer.blob());
        if (before) setTimeout(() => URL.revokeObjectURL(before), AGAIN_MS);
      } catch {
        this.picture = "";
        await pause(AGAIN_MS);
      }
    }
  }
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
