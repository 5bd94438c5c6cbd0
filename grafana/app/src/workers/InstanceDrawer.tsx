import { Badge, Drawer, EmptyState, Stack, Text, TextLink } from "@grafana/ui";
import type { Instance } from "../api/types";
import { Facts } from "../components/Facts";
import { count, NONE, seconds, time } from "../components/format";
import { type Column, Table } from "../components/Table";
import { APP_PATH } from "../constants";
import { StateBadge } from "./StateBadge";
import { INSTANCE_STATES } from "./states";

type Mount = Instance["mounts"][number];
type InstanceFunction = Instance["functions"][number];

const MOUNT_COLUMNS: readonly Column<Mount>[] = [
  { title: "Path", width: "minmax(10rem, 2fr)", cell: ({ path }) => <span title={path}>{path}</span> },
  { title: "Type", width: "7rem", cell: ({ type }) => type },
  { title: "Device", width: "8rem", cell: ({ device }) => <span title={device}>{device}</span> },
  { title: "Access", width: "9rem", cell: ({ isReadOnly }) => (isReadOnly ? "read only" : "read and write") },
];

const FUNCTION_COLUMNS: readonly Column<InstanceFunction>[] = [
  {
    title: "Function",
    width: "minmax(10rem, 2fr)",
    cell: ({ name }) => <TextLink href={`${APP_PATH}/functions/${name}`}>{name}</TextLink>,
  },
  { title: "State", width: "7rem", cell: ({ state }) => state },
  { title: "Workers", width: "6rem", isNumber: true, cell: ({ workers }) => count(workers) },
  { title: "Code", width: "9rem", cell: ({ version }) => version || NONE },
  {
    title: "Here",
    width: "8rem",
    cell: ({ isStandby }) =>
      isStandby ? (
        <Badge
          color="darkgrey"
          text="standby"
          tooltip="Another instance handles its events; this one takes over."
        />
      ) : (
        "in charge"
      ),
  },
];

interface InstanceDrawerProps {
  readonly id: string;
  /** Undefined: it is there no more. */
  readonly instance: Instance | undefined;
  readonly onClose: () => void;
}

/** What a runtime is, what it has mounted, and what it runs. */
export function InstanceDrawer({ id, instance, onClose }: InstanceDrawerProps) {
  return (
    <Drawer title={id} size="md" onClose={onClose}>
      {instance === undefined ? (
        <EmptyState
          variant="not-found"
          message="This instance ended, or has not said anything for 16 seconds"
        />
      ) : (
        <Content instance={instance} />
      )}
    </Drawer>
  );
}

function Content({ instance }: { instance: Instance }) {
  const { system, mounts, functions, functionCount } = instance;
  return (
    <Stack direction="column" gap={2}>
      <Facts
        facts={[
          ["State", <StateBadge key="state" state={INSTANCE_STATES[instance.state]} />],
          ["Host", instance.host],
          ["Address", instance.address ?? "none"],
          ["Image", instance.image ?? "none: it runs from its files"],
          ["System", system.name],
          ["Kernel", `${system.kernel}, ${system.architecture}`],
          ["Process", `${instance.processId}, on Node ${system.node}`],
          [
            "Load",
            `${instance.loadAverage.map((load) => load.toFixed(2)).join(", ")} over 1, 5 and 15 minutes`,
          ],
          ["State folder", instance.disk?.path ?? NONE],
          ["Started", `${time(instance.startedAt)}, up for ${seconds(instance.uptimeSeconds)}`],
          ["Last heard of", time(instance.seenAt)],
        ]}
      />
      <Text element="h3" variant="h5">
        Functions
      </Text>
      {functionCount > functions.length && (
        <Text color="secondary">
          {count(functions.length)} of {count(functionCount)}, those with workers first.
        </Text>
      )}
      <Table
        label="Functions that it runs"
        columns={FUNCTION_COLUMNS}
        items={functions}
        keyOf={({ name }) => name}
        empty="It runs no function."
        maxHeight={380}
      />
      <Text element="h3" variant="h5">
        Mounts
      </Text>
      <Table
        label="What it has mounted"
        columns={MOUNT_COLUMNS}
        items={mounts}
        keyOf={(mount) => String(mounts.indexOf(mount))}
        empty="It says of no mounts."
        maxHeight={380}
      />
    </Stack>
  );
}
