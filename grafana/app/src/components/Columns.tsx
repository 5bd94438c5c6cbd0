import { css } from "@emotion/css";
import type { GrafanaTheme2 } from "@grafana/data";
import { useStyles2 } from "@grafana/ui";
import type { ReactNode } from "react";

/** Columns side by side where there is room for them. Other than in Grafana's `Grid` none is wider than the page. */
export function Columns({
  minWidth,
  gap,
  children,
}: {
  /** Of each, in units of the theme's spacing. */
  minWidth: number;
  gap: number;
  children: ReactNode;
}) {
  const styles = useStyles2(getStyles, minWidth, gap);
  return <div className={styles}>{children}</div>;
}

const getStyles = (theme: GrafanaTheme2, minWidth: number, gap: number) =>
  css({
    display: "grid",
    gap: theme.spacing(gap),
    // Nor is what has no space in it, such as an error that quotes a value.
    overflowWrap: "anywhere",
    gridTemplateColumns: `repeat(auto-fill, minmax(min(${theme.spacing(minWidth)}, 100%), 1fr))`,
  });
