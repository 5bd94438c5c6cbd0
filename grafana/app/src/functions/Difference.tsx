import { css } from "@emotion/css";
import type { GrafanaTheme2 } from "@grafana/data";
import { Text, useStyles2 } from "@grafana/ui";
import { diffLines } from "diff";
import { isText } from "./draft";

/** How two texts differ, line by line. */
export function Difference({ title, before, after }: { title: string; before: string; after: string }) {
  const styles = useStyles2(getStyles);
  if (before === after) return null;
  return (
    <section aria-label={`Changes of ${title}`}>
      <Text element="h3" variant="h5">
        {title}
      </Text>
      <pre className={styles.text}>
        {diffLines(before, after).map(({ added, removed, value }, index) => {
          const sign = added ? "+" : removed ? "-" : " ";
          const lines = value.replace(/\n$/, "").split("\n");
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: parts have no name but their place
            <div key={index} className={added ? styles.added : removed ? styles.removed : undefined}>
              {lines.map((line) => `${sign} ${line}`).join("\n")}
            </div>
          );
        })}
      </pre>
    </section>
  );
}

/** All differences of two sets of files; by the paths that either has. */
export function FileDifferences({
  before,
  after,
}: {
  before: Readonly<Record<string, string>>;
  after: Readonly<Record<string, string>>;
}) {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const changed = paths.filter((path) => before[path] !== after[path]);
  if (changed.length === 0) return <Text color="secondary">The code is the same.</Text>;
  return (
    <>
      {changed.map((path) =>
        [before[path], after[path]].every((text) => isText(text ?? "")) ? (
          <Difference key={path} title={path} before={before[path] ?? ""} after={after[path] ?? ""} />
        ) : (
          <Text key={path} element="p">
            {path} is no text: it is another file.
          </Text>
        ),
      )}
    </>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  text: css({ maxHeight: 420, overflow: "auto", padding: theme.spacing(1) }),
  added: css({ background: theme.colors.success.transparent, color: theme.colors.success.text }),
  removed: css({ background: theme.colors.error.transparent, color: theme.colors.error.text }),
});
