import { MappingType } from "@grafana/grafana-foundation-sdk/dashboard";
import { Short } from "@grafana/grafana-foundation-sdk/units";
import { type Row, table, tableQuery } from "../common.ts";
import { recordedScope } from "../scope.ts";

const NONE = "none";
/** Every label that alerts name what they are about by. Those that none of the alerts has are no columns. */
const COLUMNS = [
  "alertname",
  "severity",
  "function",
  "owner",
  "field",
  "direction",
  "topic",
  "limit",
  "host",
  "shard",
  "key",
  "rule_group",
  "integration",
  "job",
  "instance",
];

export const alerts: Row = {
  title: "Alerts",
  panels: [
    table(
      "Alerts that fire now",
      "Each with what it is about. Its page in docs/runbooks says what it means and how to mend it.",
      Short,
    )
      .height(5)
      .span(24)
      .withTarget(
        tableQuery(
          `sum by (${COLUMNS.join(", ")}) (ALERTS{${recordedScope}, alertstate="firing"}) or on () label_replace(vector(0), "alertname", "${NONE}", "", "")`,
          "{{alertname}}",
        ),
      )
      .withTransformation({
        id: "organize",
        options: {
          excludeByName: { Time: true, Value: true },
          indexByName: Object.fromEntries(COLUMNS.map((column, index) => [column, index])),
          renameByName: { alertname: "alert" },
        },
      })
      .mappings([
        { type: MappingType.ValueToText, options: { [NONE]: { text: "Nothing fires", index: 0 } } },
      ]),
  ],
};
