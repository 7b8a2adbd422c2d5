import type { Blackness } from './blackness.js';
import type { LatencyBudget } from './budget.js';
import type { Connection } from './connection.js';
import type { Facts } from './facts.js';
import type * as Insight from './insight.js';
import { loadInsight } from './load-insight.js';
import type { Picture } from './picture.js';
import { videoReport } from './reports.js';
import type { Clues } from './state.js';
import type { Baseline, Figures } from './stats.js';

/** How often a picture that looks well is looked at. */
const LOOK_EVERY_S = 5;

export interface Wishes {
  /** Somebody reads the figures. */
  figures: boolean;
  /** The frames that are shown are the camera's, and they flow. */
  live: boolean;
  budgetMs: number | null;
}

/** Reads one connection, once a second. */
export class Readings {
  readonly #picture: Picture;
  readonly #onChange: (changes: Partial<Facts>) => void;
  #budget: LatencyBudget | undefined;
  #blackness: Blackness | undefined;
  #looksIn = 0;
  /** The connection of the figures below: those of one say nothing about another. */
  #of: Connection | undefined;
  #baseline: Baseline | undefined;
  #reading = false;
  /** Frames decoded on it so far; by connection, since one that is shown again goes on where it was. */
  readonly #decoded = new WeakMap<Connection, number>();
  #fetching = false;
  #clues: Clues | undefined;
  /** Once it is fetched. A page that cannot fetch it does without figures and reasons. */
  insight: typeof Insight | undefined;

  constructor(picture: Picture, onChange: (changes: Partial<Facts>) => void) {
    this.#picture = picture;
    this.#onChange = onChange;
  }

  /** Somebody watches, so something may go wrong. */
  prepare(): void {
    if (this.#fetching) return;
    this.#fetching = true;
    loadInsight().then(
      (insight) => {
        this.insight = insight;
        this.#budget = new insight.LatencyBudget();
        this.#picture.measure(new insight.LatencyMeter());
      },
      () => {},
    );
  }

  /** What was seen of `connection`. */
  cluesOf(connection: Connection | undefined): Clues | undefined {
    return connection === this.#of ? this.#clues : undefined;
  }

  /**
   * Closes a second: reads the statistics where somebody wants them or nothing else would show frames.
   *
   * @param connection the newest; its figures are read
   */
  async second(connection: Connection | undefined, wishes: Wishes): Promise<void> {
    if (!connection || !(wishes.figures || !wishes.live || this.#picture.blind)) return this.#close(null, wishes);
    if (connection !== this.#of) {
      this.#of = connection;
      this.#baseline = this.#clues = undefined;
      this.#reading = false;
    }
    // A browser that is slow to answer is not asked again meanwhile.
    if (this.#reading) return;
    this.#reading = true;
    const reports = await connection.peer.getStats().then(
      (reports) => reports as unknown as Map<string, unknown>,
      () => undefined,
    );
    if (connection !== this.#of) return;
    this.#reading = false;
    this.#close(reports ? this.#read(connection, reports) : null, wishes);
  }

  #read(connection: Connection, reports: Map<string, unknown>): Figures | null {
    const { insight } = this;
    const decoded = Number(videoReport(reports)?.framesDecoded ?? 0);
    const isAlive = decoded > (this.#decoded.get(connection) ?? 0);
    this.#decoded.set(connection, decoded);
    if (isAlive) this.#picture.onDecoded();
    if (!insight) return null;
    const { stats, baseline } = insight.readStats(reports, this.#picture.presentedFrames, this.#baseline);
    this.#baseline = baseline;
    this.#clues = insight.gather(reports, this.#clues);
    // The pair's figure is in whole milliseconds; the data channel's is finer, and no round trip is below it.
    const finer = connection.sync.roundTripMs;
    if (finer !== undefined) stats.rttMs = Math.max(stats.rttMs ?? 0, finer);
    return stats;
  }

  #close(figures: Figures | null, { figures: wanted, live, budgetMs }: Wishes): void {
    const { insight } = this;
    const budget = this.#budget;
    const { hasMedia, meter } = this.#picture;
    if (!hasMedia) this.#blackness = undefined;
    if (!hasMedia) return;
    if (!insight || !budget || !meter) {
      // What else is known is a second older.
      this.#onChange({});
      return;
    }
    const latency = meter.sum(figures?.jitterBufferMs ?? null);
    this.#onChange({
      stats: { ...(figures ?? insight.NO_FIGURES), at: Date.now(), latency },
      latencyHistory: meter.history,
      overBudget: budget.judge(latency, budgetMs),
      black: this.#look(wanted, live),
    });
  }

  /** Looks at the picture once, then while it may be black, and now and then for somebody who reads the figures. */
  #look(wanted: boolean, live: boolean): boolean {
    this.#looksIn -= 1;
    const { insight } = this;
    const { video, blind } = this.#picture;
    const due = !this.#blackness || this.#blackness.suspected || (wanted && this.#looksIn <= 0);
    if (!insight || !video || !due || !live || blind) return this.#blackness?.black ?? false;
    this.#looksIn = LOOK_EVERY_S;
    this.#blackness ??= new insight.Blackness();
    return this.#blackness.judge(insight.brightestSpot(video));
  }
}
