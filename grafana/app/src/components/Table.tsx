// biome-ignore-all lint/a11y/useSemanticElements: rows that are placed by hand are none of a table element
// biome-ignore-all lint/a11y/useFocusableInteractive: nothing is done with a row; its links are reached
// biome-ignore-all lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
import { css } from "@emotion/css";
import type { GrafanaTheme2 } from "@grafana/data";
import { LoadingBar, useStyles2 } from "@grafana/ui";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useRef } from "react";

/** A column of a {@link Table}. */
export interface Column<Item> {
  readonly title: string;
  readonly cell: (item: Item) => ReactNode;
  /** As in a CSS grid, such as `2fr` or `8rem`; `1fr` unless said. */
  readonly width?: string;
  readonly isNumber?: boolean;
}

/** What a {@link Table} shows. */
export interface TableProps<Item> {
  /** What it is about, for screen readers. */
  readonly label: string;
  readonly columns: readonly Column<Item>[];
  readonly items: readonly Item[];
  readonly keyOf: (item: Item) => string;
  /** Shown where there is no item. */
  readonly empty: ReactNode;
  readonly isLoading?: boolean;
  /** Called where the end is near. */
  readonly onEnd?: (() => void) | undefined;
  /** Most of its height, in pixels; it grows up to that. */
  readonly maxHeight?: number;
}

const ROW_PIXELS = 37;

/** A table of as many rows as there are: those that are seen are drawn. */
export function Table<Item>({
  label,
  columns,
  items,
  keyOf,
  empty,
  isLoading = false,
  onEnd,
  maxHeight = 640,
}: TableProps<Item>) {
  const styles = useStyles2(getStyles);
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PIXELS,
    overscan: 10,
  });
  const drawn = rows.getVirtualItems();
  const last = drawn.at(-1)?.index ?? -1;
  useEffect(() => {
    if (last >= items.length - 20 && items.length > 0) onEnd?.();
  }, [last, items.length, onEnd]);
  const template = {
    gridTemplateColumns: columns.map(({ width }) => width ?? "minmax(6rem, 1fr)").join(" "),
  };

  return (
    <div
      ref={scroller}
      className={styles.scroller}
      style={{ maxHeight }}
      tabIndex={0}
      role="region"
      aria-label={label}
    >
      <div className={styles.bar}>{isLoading && <LoadingBar width={300} />}</div>
      <div role="table" aria-label={label} aria-rowcount={items.length + 1} className={styles.table}>
        <div role="row" className={styles.head} style={template}>
          {columns.map(({ title, isNumber }) => (
            <div key={title} role="columnheader" className={isNumber ? styles.number : styles.cell}>
              {title}
            </div>
          ))}
        </div>
        <div role="rowgroup" style={{ height: rows.getTotalSize(), position: "relative" }}>
          {drawn.map(({ index, start }) => {
            const item = items[index] as Item;
            return (
              <div
                role="row"
                aria-rowindex={index + 2}
                key={keyOf(item)}
                className={styles.row}
                style={{ ...template, transform: `translateY(${start}px)`, height: ROW_PIXELS }}
              >
                {columns.map(({ title, cell, isNumber }) => (
                  <div key={title} role="cell" className={isNumber ? styles.number : styles.cell}>
                    {cell(item)}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      </div>
      {items.length === 0 && !isLoading && <div className={styles.empty}>{empty}</div>}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => {
  const cell = css({
    padding: theme.spacing(0, 1),
    overflow: "hidden",
    textOverflow: "ellipsis",
    whiteSpace: "nowrap",
    alignSelf: "center",
  });
  return {
    scroller: css({
      overflow: "auto",
      border: `1px solid ${theme.colors.border.weak}`,
      borderRadius: theme.shape.radius.default,
    }),
    bar: css({ height: 1 }),
    table: css({ minWidth: "max-content" }),
    head: css({
      display: "grid",
      position: "sticky",
      top: 0,
      zIndex: 1,
      height: ROW_PIXELS,
      background: theme.colors.background.secondary,
      fontWeight: theme.typography.fontWeightMedium,
    }),
    row: css({
      display: "grid",
      position: "absolute",
      top: 0,
      left: 0,
      width: "100%",
      borderTop: `1px solid ${theme.colors.border.weak}`,
      "&:hover": { background: theme.colors.action.hover },
    }),
    cell,
    number: css(cell, { textAlign: "right", fontVariantNumeric: "tabular-nums" }),
    empty: css({ padding: theme.spacing(4), textAlign: "center", color: theme.colors.text.secondary }),
  };
};
