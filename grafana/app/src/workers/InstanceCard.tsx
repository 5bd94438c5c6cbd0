import { css } from "@emotion/css";
import type { GrafanaTheme2 } from "@grafana/data";
import { Button, Stack, Text, useStyles2 } from "@grafana/ui";
import type { Instance } from "../api/types";
import { Facts } from "../components/Facts";
import { bytes, count, NONE, seconds } from "../components/format";
import { Meter, toneOf } from "../components/Meter";
import { StateBadge } from "./StateBadge";
import { INSTANCE_STATES } from "./states";

/** A runtime at a glance: what it is, and how busy its machine. */
export function InstanceCard({ instance, onDetails }: { instance: Instance; onDetails: () => void }) {
  const styles = useStyles2(getStyles);
  const { id, state, host, address, system, uptimeSeconds, image, functionCount } = instance;
  return (
    <section className={styles.card} aria-label={`Instance ${id}`}>
      <Stack justifyContent="space-between" alignItems="center" gap={1}>
        <Stack alignItems="center" gap={1}>
          <Text element="h2" variant="h5">
            {id}
          </Text>
          <StateBadge state={INSTANCE_STATES[state]} />
        </Stack>
        <Button size="sm" variant="secondary" onClick={onDetails} aria-label={`Details of ${id}`}>
          Details
        </Button>
      </Stack>
      <Facts
        facts={[
          ["Host", host],
          ["Address", address ?? "none"],
          ["System", `${system.name}, ${system.architecture}`],
          ["Up for", seconds(uptimeSeconds)],
          ["Image", image ?? "none: it runs from its files"],
          ["Functions", count(functionCount)],
        ]}
      />
      <Meters instance={instance} />
    </section>
  );
}

function Meters({ instance: { loadAverage, processors, memory, disk } }: { instance: Instance }) {
  const load = loadAverage[0] ?? 0;
  const perProcessor = load / Math.max(1, processors);
  const memoryUsed = memory.totalBytes - memory.freeBytes;
  return (
    <Stack direction="column" gap={1}>
      <Meter
        label="Load"
        share={perProcessor}
        tone={toneOf(perProcessor, 1, 2)}
        text={`${load.toFixed(2)} on ${processors} ${processors === 1 ? "processor" : "processors"}`}
      />
      <Meter
        label="Memory"
        share={shareOf(memoryUsed, memory.totalBytes)}
        tone={toneOf(shareOf(memoryUsed, memory.totalBytes))}
        text={`${bytes(memoryUsed)} of ${bytes(memory.totalBytes)}, the runtime itself ${bytes(memory.processBytes)}`}
      />
      {disk === null ? (
        <Meter label="Disk" share={0} text={NONE} />
      ) : (
        <Meter
          label="Disk"
          share={shareOf(disk.totalBytes - disk.freeBytes, disk.totalBytes)}
          tone={toneOf(shareOf(disk.totalBytes - disk.freeBytes, disk.totalBytes))}
          text={`${bytes(disk.totalBytes - disk.freeBytes)} of ${bytes(disk.totalBytes)}`}
        />
      )}
    </Stack>
  );
}

function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

const getStyles = (theme: GrafanaTheme2) => ({
  card: css({
    display: "flex",
    flexDirection: "column",
    gap: theme.spacing(2),
    padding: theme.spacing(2),
    background: theme.colors.background.secondary,
    borderRadius: theme.shape.radius.default,
    minWidth: 0,
  }),
});
