import { css } from "@emotion/css";
import type { GrafanaTheme2 } from "@grafana/data";
import { Grid, Stack, Text, useStyles2 } from "@grafana/ui";
import type { ReplayDetails } from "../api/types";
import { json, seconds } from "../components/format";
import { TextBlock } from "../components/TextBlock";
import { StatusBadge } from "./StatusBadge";

/** A run of a replay: what it came to then, and what it comes to in the other version. */
export type ReplayedRunDetails = ReplayDetails["runs"][number];
type Outcome = ReplayedRunDetails["old"];

/** One run side by side: the fields that differ first, then all of both. */
export function ReplayedRun({ run }: { run: ReplayedRunDetails }) {
  const styles = useStyles2(getStyles);
  const { differences } = run;
  return (
    <Stack direction="column" gap={2}>
      {differences.length > 0 && (
        <table className={styles.differences}>
          <caption>Fields that differ</caption>
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">As recorded</th>
              <th scope="col">Replayed</th>
            </tr>
          </thead>
          <tbody>
            {differences.map((difference) => (
              <tr key={difference.path}>
                <th scope="row">{difference.path === "" ? "(all of it)" : difference.path}</th>
                <td className={styles.old}>{shown(difference, "old")}</td>
                <td className={styles.new}>{shown(difference, "new")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Grid columns={{ xs: 1, sm: 2 }} gap={2}>
        <OutcomeView title="As recorded" outcome={run.old} />
        <OutcomeView title="Replayed" outcome={run.new} />
      </Grid>
    </Stack>
  );
}

/** A value; a field that is not there is not one that is null. */
function shown(difference: ReplayedRunDetails["differences"][number], which: "old" | "new"): string {
  return difference[which] === undefined ? "not there" : json(difference[which]);
}

function OutcomeView({ title, outcome }: { title: string; outcome: Outcome }) {
  const { status, output, error, runSeconds } = outcome;
  const isDone = status === "completed";
  const note = (
    <>
      <StatusBadge status={status} />
      <Text color="secondary">{seconds(runSeconds)}</Text>
    </>
  );
  const text = isDone ? json(output) : (error ?? "It came to no output.");
  return <TextBlock title={title} note={note} text={text} maxHeight={320} />;
}

const getStyles = (theme: GrafanaTheme2) => ({
  differences: css({
    width: "100%",
    tableLayout: "fixed",
    caption: { captionSide: "top", color: theme.colors.text.secondary, padding: theme.spacing(0, 0, 0.5) },
    "th, td": {
      padding: theme.spacing(0.5, 1),
      textAlign: "left",
      verticalAlign: "top",
      border: `1px solid ${theme.colors.border.weak}`,
      overflowWrap: "anywhere",
    },
    td: { fontFamily: theme.typography.fontFamilyMonospace, whiteSpace: "pre-wrap" },
    th: { fontWeight: theme.typography.fontWeightMedium },
  }),
  old: css({ background: theme.colors.error.transparent }),
  new: css({ background: theme.colors.success.transparent }),
});
