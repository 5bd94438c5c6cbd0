import { PluginPage } from "@grafana/runtime";
import { mayAs } from "../api/role";
import { useQueryState } from "../components/use-query-state";
import { APP_PATH } from "../constants";
import { Bills } from "./Bills";
import { Budgets } from "./Budgets";
import { PriceList } from "./PriceList";
import { Usage } from "./Usage";

const TABS = [
  { id: "usage", text: "Usage", Content: Usage },
  { id: "bill", text: "Bill", Content: Bills },
  { id: "budgets", text: "Budgets", Content: Budgets },
  { id: "prices", text: "Prices", Content: PriceList },
];

/** What functions use, what that costs, and what it may. */
export default function UsagePage() {
  const [{ tab, month }] = useQueryState(["tab", "month"]);
  const url = `${APP_PATH}/usage`;
  const shown = TABS.find(({ id }) => id === tab) ?? TABS[0];
  const kept = month === "" ? "" : `&month=${month}`;
  return (
    <PluginPage
      pageNav={{
        text: "Usage",
        url,
        children: TABS.map(({ id, text }) => ({
          id,
          text,
          url: `${url}?tab=${id}${kept}`,
          active: id === shown?.id,
        })),
      }}
      subTitle={
        mayAs("admin")
          ? "What everybody’s functions use and cost. Days and months are those of UTC."
          : "What your functions use and cost. Days and months are those of UTC."
      }
    >
      {shown !== undefined && <shown.Content />}
    </PluginPage>
  );
}
