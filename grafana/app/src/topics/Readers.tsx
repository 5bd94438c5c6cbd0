import { css } from "@emotion/css";
import type { GrafanaTheme2 } from "@grafana/data";
import { TextLink, useStyles2 } from "@grafana/ui";
import { Fragment } from "react";
import type { TopicDetails } from "../api/types";
import { count, NONE } from "../components/format";
import { APP_PATH } from "../constants";

export type Reader = TopicDetails["readers"][number];

/** Functions that read a topic; where one is behind, by how many events each is. */
export function Readers({ readers }: { readers: readonly Reader[] }) {
  const styles = useStyles2(getStyles);
  if (readers.length === 0) return <>{NONE}</>;
  const isLate = readers.some(({ lagEvents }) => lagEvents > 0);
  return (
    <span title={readers.map((reader) => `${reader.function}: ${behind(reader)}`).join("\n")}>
      {readers.map((reader, index) => (
        <Fragment key={reader.function}>
          {index > 0 && ", "}
          <FunctionLink name={reader.function} />
          {isLate && <span className={styles.lag}> ({count(reader.lagEvents)})</span>}
          {reader.isPaused && <span className={styles.lag}> paused</span>}
        </Fragment>
      ))}
    </span>
  );
}

/** Of the reader that is behind most; undefined: nobody reads. */
export function greatestLag(readers: readonly Reader[]): number | undefined {
  return readers.length === 0 ? undefined : Math.max(...readers.map(({ lagEvents }) => lagEvents));
}

/** How far a function is behind, in words. */
function behind({ lagEvents, isPaused }: Reader): string {
  return `${count(lagEvents)} behind${isPaused ? ", paused" : ""}`;
}

/** A function's name, to go to its page. */
export function FunctionLink({ name }: { name: string }) {
  return (
    <TextLink href={`${APP_PATH}/functions/${name}`} inline>
      {name}
    </TextLink>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  lag: css({ color: theme.colors.text.secondary, fontVariantNumeric: "tabular-nums" }),
});
