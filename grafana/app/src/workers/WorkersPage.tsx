import { PluginPage } from "@grafana/runtime";
import { useQueryState } from "../components/use-query-state";
import { APP_PATH } from "../constants";
import { Decisions } from "./Decisions";
import { Instances } from "./Instances";
import { Pools } from "./Pools";

const TABS = [
  { id: "instances", text: "Instances", Content: Instances },
  { id: "pools", text: "By function", Content: Pools },
  { id: "decisions", text: "Decisions", Content: Decisions },
];

/** Where functions run: the runtimes, the processes of each function, and why there are as many as there are. */
export default function WorkersPage() {
  const [{ tab }] = useQueryState(["tab"]);
  const url = `${APP_PATH}/workers`;
  const shown = TABS.find(({ id }) => id === tab) ?? TABS[0];
  return (
    <PluginPage
      pageNav={{
        text: "Workers",
        url,
        children: TABS.map(({ id, text }) => ({
          id,
          text,
          url: `${url}?tab=${id}`,
          active: id === shown?.id,
        })),
      }}
      subTitle="Where functions run, in how many processes, and why."
    >
      {shown !== undefined && <shown.Content />}
    </PluginPage>
  );
}
