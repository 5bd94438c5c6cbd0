/** How an alert's series go from well to broken and back, and what people are told. */
export interface AlertCase {
  readonly alert: string;
  /** Time between samples and between evaluations. */
  readonly interval?: string;
  /** Series in promtool's notation. */
  readonly series: Readonly<Record<string, string>>;
  /** When the expression becomes true, and when no longer, in seconds. */
  readonly breaks: number;
  readonly mends: number;
  /** The alert's labels, without those that the rule itself sets. */
  readonly labels: Readonly<Record<string, string>>;
  /** Only where the rule takes it from the series. */
  readonly severity?: string;
  /** Seconds that the expression itself waits for. */
  readonly waits?: number;
  readonly description: string;
  /** The dashboard, the panel's title and what the link sets. */
  readonly panel: readonly [uid: string, title: string, query?: string];
}
