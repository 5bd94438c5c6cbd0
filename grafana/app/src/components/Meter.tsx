import { css } from "@emotion/css";
import type { GrafanaTheme2 } from "@grafana/data";
import { useStyles2 } from "@grafana/ui";

/** How good it is that a {@link Meter} is as full as it is. */
export type MeterTone = "normal" | "warning" | "bad";

export interface MeterProps {
  /** What is measured. */
  readonly label: string;
  /** From 0 to 1; what is beyond is shown as full. */
  readonly share: number;
  /** The numbers behind it: the bar alone says nothing exactly. */
  readonly text: string;
  readonly tone?: MeterTone;
  /** From 0 to 1: a place that counts, such as where a warning is given. */
  readonly mark?: number;
  /** Within a table whose column says what is measured. */
  readonly isInline?: boolean;
}

/** How full something is: a bar, and the numbers as text. */
export function Meter({ label, share, text, tone = "normal", mark, isInline = false }: MeterProps) {
  const styles = useStyles2(getStyles);
  const percent = Math.min(1, Math.max(0, share)) * 100;
  const bar = (
    // biome-ignore lint/a11y/useSemanticElements: browsers draw a meter element each in their own way
    <div
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(percent)}
      aria-valuetext={text}
      className={styles.track}
    >
      <div className={styles[tone]} style={{ width: `${percent}%` }} />
      {mark !== undefined && <div className={styles.mark} style={{ left: `${mark * 100}%` }} />}
    </div>
  );
  if (isInline) {
    return (
      <div className={styles.inline}>
        {bar}
        <span className={styles.text}>{text}</span>
      </div>
    );
  }
  return (
    <div className={styles.block}>
      <div className={styles.head}>
        <span>{label}</span>
        <span className={styles.text}>{text}</span>
      </div>
      {bar}
    </div>
  );
}

/** The tone of a share of which much is bad. */
export function toneOf(share: number, warning = 0.8, bad = 0.95): MeterTone {
  if (share >= bad) return "bad";
  return share >= warning ? "warning" : "normal";
}

const getStyles = (theme: GrafanaTheme2) => {
  const fill = (background: string) => css({ height: "100%", background });
  return {
    block: css({ display: "flex", flexDirection: "column", gap: theme.spacing(0.5), minWidth: 0 }),
    inline: css({
      display: "grid",
      gridTemplateColumns: "minmax(3rem, 1fr) auto",
      alignItems: "center",
      gap: theme.spacing(1),
    }),
    head: css({
      display: "flex",
      flexWrap: "wrap",
      justifyContent: "space-between",
      columnGap: theme.spacing(1),
      fontSize: theme.typography.bodySmall.fontSize,
    }),
    text: css({ color: theme.colors.text.secondary, fontVariantNumeric: "tabular-nums" }),
    track: css({
      position: "relative",
      height: theme.spacing(0.75),
      overflow: "hidden",
      borderRadius: theme.shape.radius.pill,
      background: theme.colors.action.disabledBackground,
    }),
    normal: fill(theme.colors.primary.main),
    warning: fill(theme.colors.warning.main),
    bad: fill(theme.colors.error.main),
    mark: css({ position: "absolute", top: 0, bottom: 0, width: 2, background: theme.colors.text.primary }),
  };
};
