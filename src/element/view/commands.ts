import type { Mode } from '../../protocol/index.js';

/** What the bar asks: it is there before everything else. */
export interface BarCommands {
  toggle(): void;
  setMode(mode: Mode): void;
  more(): void;
}

/** What the tools, the menu, the keys and the gestures ask. */
export interface Commands {
  toggle(): void;
  stats(): void;
  snapshot(): void;
  record(): void;
  mute(): void;
  pictureInPicture(): void;
  fullscreen(): void;
  fit(): void;
  mirror(): void;
  rotate(): void;
  zoomBy(factor: number): void;
  /** By a part of what is seen: 1 to the right or down, −1 to the left or up. */
  pan(x: number, y: number): void;
  resetView(): void;
  shortcuts(): void;
}
