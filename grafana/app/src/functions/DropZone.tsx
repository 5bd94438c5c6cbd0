import { css } from "@emotion/css";
import type { GrafanaTheme2 } from "@grafana/data";
import { useStyles2 } from "@grafana/ui";

/** Takes files that are dropped on it, or chosen by click or keyboard. */
export function DropZone({ text, onFiles }: { text: string; onFiles: (files: File[]) => void }) {
  const styles = useStyles2(getStyles);
  return (
    <label
      className={styles.zone}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        onFiles([...event.dataTransfer.files]);
      }}
    >
      {text}
      <input
        type="file"
        multiple
        className={styles.input}
        onChange={({ currentTarget }) => {
          onFiles([...(currentTarget.files ?? [])]);
          // The same file may be chosen again, after it was changed.
          currentTarget.value = "";
        }}
      />
    </label>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  zone: css({
    display: "block",
    // The input below is not seen, but wide: it would make a narrow page wider.
    position: "relative",
    overflow: "hidden",
    padding: theme.spacing(2),
    textAlign: "center",
    cursor: "pointer",
    color: theme.colors.text.secondary,
    border: `1px dashed ${theme.colors.border.medium}`,
    borderRadius: theme.shape.radius.default,
    "&:hover, &:focus-within": { borderColor: theme.colors.primary.border, color: theme.colors.text.primary },
  }),
  input: css({ position: "absolute", width: 1, height: 1, clipPath: "inset(50%)" }),
});
