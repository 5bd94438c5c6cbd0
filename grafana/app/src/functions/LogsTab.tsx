import { css } from "@emotion/css";
import type { GrafanaTheme2 } from "@grafana/data";
import { InlineField, InlineSwitch, Stack, TextLink, useStyles2 } from "@grafana/ui";
import { useEffect, useRef, useState } from "react";
import type { Answer } from "../api/types";
import { useAsk } from "../api/use-ask";
import { time } from "../components/format";
import { Loaded } from "../components/Loaded";
import { APP_PATH } from "../constants";
import type { TabProps } from "./FunctionPage";

const FOLLOW_SECONDS = 2;

/** What a function wrote, the newest at the end. */
export default function LogsTab({ details: { name } }: TabProps) {
  const [isFollowed, setFollowed] = useState(true);
  const asked = useAsk<Answer<"getLogs">>(
    `/functions/${name}/logs`,
    { limit: 200 },
    isFollowed ? FOLLOW_SECONDS : undefined,
  );
  const styles = useStyles2(getStyles);
  const end = useRef<HTMLDivElement>(null);
  const newest = asked.data?.items.at(-1)?.run;
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is followed to its end when something newer came
  useEffect(() => {
    if (isFollowed) end.current?.scrollIntoView({ block: "nearest" });
  }, [newest, isFollowed]);
  return (
    <Stack direction="column" gap={1}>
      <div>
        <InlineField label="Follow" htmlFor="gaugelet-follow">
          <InlineSwitch
            id="gaugelet-follow"
            value={isFollowed}
            onChange={({ currentTarget }) => setFollowed(currentTarget.checked)}
          />
        </InlineField>
      </div>
      <Loaded asked={asked}>
        {({ items }) =>
          items.length === 0 ? (
            <>
              Nothing was written in the runs that are recorded. What a handler prints or logs is shown here.
            </>
          ) : (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
            <div className={styles.log} role="log" aria-label={`Log of ${name}`} tabIndex={0}>
              {items.map(({ run, status, finishedAt, lines }) => (
                <div key={run}>
                  <div className={styles.head}>
                    {time(finishedAt)} · {status} ·{" "}
                    <TextLink href={`${APP_PATH}/runs/${run}`} inline variant="bodySmall">
                      run
                    </TextLink>
                  </div>
                  <pre className={styles.lines}>{lines.join("\n")}</pre>
                </div>
              ))}
              <div ref={end} />
            </div>
          )
        }
      </Loaded>
    </Stack>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  log: css({ maxHeight: 560, overflow: "auto" }),
  head: css({ color: theme.colors.text.secondary, fontSize: theme.typography.bodySmall.fontSize }),
  lines: css({ margin: theme.spacing(0, 0, 1), padding: theme.spacing(0.5, 1), whiteSpace: "pre-wrap" }),
});
