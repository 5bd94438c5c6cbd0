import type { AppRootProps } from "@grafana/data";
import { PluginPage } from "@grafana/runtime";
import { Alert, LinkButton, LoadingPlaceholder } from "@grafana/ui";
import { Suspense } from "react";
import { Navigate, Route, Routes } from "react-router-dom";
import { currentUser } from "../api/role";
import { lazily } from "../components/lazily";

const FunctionsPage = lazily(() => import("../functions/FunctionsPage"));
const NewFunctionPage = lazily(() => import("../functions/NewFunctionPage"));
const FunctionPage = lazily(() => import("../functions/FunctionPage"));
const TopicsPage = lazily(() => import("../topics/TopicsPage"));
const TopicPage = lazily(() => import("../topics/TopicPage"));
const RunsPage = lazily(() => import("../runs/RunsPage"));
const RunPage = lazily(() => import("../runs/RunPage"));
const WorkersPage = lazily(() => import("../workers/WorkersPage"));
const UsagePage = lazily(() => import("../usage/UsagePage"));

/** The pages of the app: a part of each is loaded when it is looked at first. */
export default function App(_props: AppRootProps) {
  if (currentUser() === undefined) return <SignInFirst />;
  return (
    <Suspense fallback={<LoadingPlaceholder text="Loading…" />}>
      <Routes>
        <Route path="functions" element={<FunctionsPage />} />
        <Route path="new-function" element={<NewFunctionPage />} />
        <Route path="functions/:name/:tab?" element={<FunctionPage />} />
        <Route path="topics" element={<TopicsPage />} />
        <Route path="topics/:name" element={<TopicPage />} />
        <Route path="runs" element={<RunsPage />} />
        <Route path="runs/:id" element={<RunPage />} />
        <Route path="workers" element={<WorkersPage />} />
        <Route path="usage" element={<UsagePage />} />
        <Route path="*" element={<Navigate to="functions" replace />} />
      </Routes>
    </Suspense>
  );
}

/** Whoever is not signed in is nobody to the runtime. */
function SignInFirst() {
  return (
    <PluginPage>
      <Alert severity="info" title="Sign in to see functions">
        <p>Dashboards are open to everyone here; functions are called and changed by people who are known.</p>
        <LinkButton href="/login" target="_self">
          Sign in
        </LinkButton>
      </Alert>
    </PluginPage>
  );
}
