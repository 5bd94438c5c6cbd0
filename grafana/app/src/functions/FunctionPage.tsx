import { locationService, PluginPage } from "@grafana/runtime";
import { Alert, LinkButton, Stack, Tab, TabContent, TabsBar, Text } from "@grafana/ui";
import { Suspense } from "react";
import { useParams } from "react-router-dom";
import { currentRole, currentUser } from "../api/role";
import type { FunctionDetails } from "../api/types";
import { useAsk } from "../api/use-ask";
import { ago } from "../components/format";
import { Loaded } from "../components/Loaded";
import { lazily } from "../components/lazily";
import { PageTitle } from "../components/PageTitle";
import { APP_PATH } from "../constants";
import { StateBadge } from "./StateBadge";

const OutputsTab = lazily(() => import("./OutputsTab"));
const TryTab = lazily(() => import("./TryTab"));
const CodeTab = lazily(() => import("./CodeTab"));
const VersionsTab = lazily(() => import("./VersionsTab"));
const FunctionRunsTab = lazily(() => import("./FunctionRunsTab"));
const LogsTab = lazily(() => import("./LogsTab"));
const SettingsTab = lazily(() => import("./SettingsTab"));

/** What each part of a function's page is given. */
export interface TabProps {
  readonly details: FunctionDetails;
  /** Ask for the function anew, after it was changed. */
  readonly reload: () => void;
  /** Whether whoever looks may change it. */
  readonly isTheirs: boolean;
}

const TABS = [
  { id: "outputs", label: "Outputs", Content: OutputsTab },
  { id: "try", label: "Try it", Content: TryTab },
  { id: "code", label: "Code", Content: CodeTab },
  { id: "versions", label: "Versions", Content: VersionsTab },
  { id: "runs", label: "Runs", Content: FunctionRunsTab },
  { id: "logs", label: "Logs", Content: LogsTab },
  { id: "settings", label: "Settings", Content: SettingsTab },
] as const;

/** One function: what it puts out, and all that can be done with it. */
export default function FunctionPage() {
  const { name = "", tab = "outputs" } = useParams();
  const asked = useAsk<FunctionDetails>(`/functions/${name}`, {}, 10);
  const shown = TABS.find(({ id }) => id === tab) ?? TABS[0];
  return (
    <PluginPage
      pageNav={{ text: name, parentItem: { text: "Functions", url: `${APP_PATH}/functions` } }}
      renderTitle={(title) => <PageTitle title={title} />}
      subTitle={asked.data?.description}
      actions={
        <LinkButton variant="secondary" icon="apps" href={`/d/gaugelet-functions?var-function=${name}`}>
          Dashboard
        </LinkButton>
      }
    >
      <Loaded asked={asked}>
        {(details) => (
          <Stack direction="column" gap={2}>
            <Facts details={details} />
            {details.state === "serving" && details.loadProblem !== null && (
              <Alert severity="error" title="The code that is there is not loaded">
                {details.loadProblem} (Mend it under Code, or run an earlier version under Versions.)
              </Alert>
            )}
            <TabsBar>
              {TABS.map(({ id, label }) => (
                <Tab
                  key={id}
                  label={label}
                  active={shown.id === id}
                  href={`${APP_PATH}/functions/${name}/${id}`}
                  onChangeTab={(event) => {
                    event?.preventDefault();
                    locationService.push(`${APP_PATH}/functions/${name}/${id}`);
                  }}
                />
              ))}
            </TabsBar>
            <TabContent>
              <Suspense fallback={<Text color="secondary">Loading…</Text>}>
                <shown.Content
                  key={name}
                  details={details}
                  reload={asked.reload}
                  isTheirs={isTheirs(details)}
                />
              </Suspense>
            </TabContent>
          </Stack>
        )}
      </Loaded>
    </PluginPage>
  );
}

/** Whether whoever looks may change it: its owner or an administrator, and not what a file declares. */
function isTheirs({ origin, owner }: FunctionDetails): boolean {
  if (origin === "file") return false;
  const role = currentRole();
  return role === "admin" || (role === "editor" && owner === currentUser());
}

function Facts({ details }: { details: FunctionDetails }) {
  const { state, loadProblem, owner, language, version, updatedAt, updatedBy, file } = details;
  return (
    <Stack gap={2} wrap="wrap" alignItems="center">
      <StateBadge state={state} loadProblem={loadProblem} />
      <Text color="secondary">
        {[
          language,
          owner === "" ? undefined : `of ${owner}`,
          version === null ? undefined : `version ${version}`,
          updatedAt === null ? undefined : `changed ${ago(updatedAt)} by ${updatedBy}`,
          file === null ? undefined : `declared in ${file.slice(file.lastIndexOf("/") + 1)}: change it there`,
        ]
          .filter((each) => each !== undefined)
          .join(" · ")}
      </Text>
    </Stack>
  );
}
