import { css } from "@emotion/css";
import type { GrafanaTheme2 } from "@grafana/data";
import { ClipboardButton, Stack, Text, useStyles2 } from "@grafana/ui";
import type { ReactNode } from "react";

/** What a {@link TextBlock} shows. */
export interface TextBlockProps {
  readonly title: string;
  readonly text: string;
  /** Beside the title, such as that the text is cut. */
  readonly note?: ReactNode;
  readonly maxHeight?: number;
}

/** A text that is read as it is, such as JSON or a traceback, and can be copied. */
export function TextBlock({ title, text, note, maxHeight = 420 }: TextBlockProps) {
  const styles = useStyles2(getStyles);
  return (
    <section aria-label={title} className={styles.block}>
      <Stack justifyContent="space-between" alignItems="center">
        <Stack gap={1} alignItems="center">
          <Text element="h3" variant="h5">
            {title}
          </Text>
          {note}
        </Stack>
        <ClipboardButton
          size="sm"
          variant="secondary"
          fill="text"
          icon="copy"
          aria-label={`Copy: ${title}`}
          getText={() => text}
        />
      </Stack>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre className={styles.text} style={{ maxHeight }} tabIndex={0}>
        {text}
      </pre>
    </section>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  block: css({ minWidth: 0 }),
  text: css({
    margin: theme.spacing(0.5, 0, 0),
    padding: theme.spacing(1),
    overflow: "auto",
    whiteSpace: "pre-wrap",
    overflowWrap: "anywhere",
  }),
});
