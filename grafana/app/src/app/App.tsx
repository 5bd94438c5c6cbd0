import type { AppRootProps } from "@grafana/data";
import { PluginPage } from "@grafana/runtime";
import { Alert, LinkButton, LoadingPlaceholder } from "@grafana/ui";
import { lazy, Suspense } from "react";
import { Navigate, Route, Routes } from "react-router-dom";
import { currentUser } from "../api/role";

const FunctionsPage = lazy(() => import("../functions/FunctionsPage"));
const NewFunctionPage = lazy(() => import("../functions/NewFunctionPage"));
const FunctionPage = lazy(() => import("../functions/FunctionPage"));
const TopicsPage = lazy(() => import("../topics/TopicsPage"));
const TopicPage = lazy(() => import("../topics/TopicPage"));
const RunsPage = lazy(() => import("../runs/RunsPage"));
const RunPage = lazy(() => import("../runs/RunPage"));
const WorkersPage = lazy(() => import("../workers/WorkersPage"));
const UsagePage = lazy(() => import("../usage/UsagePage"));

/** The pages of the app: a part of each is loaded when it is looked at first. */
export default function App(_props: AppRootProps) {
  if (currentUser() === undefined) return <SignInFirst />;
  return (
    <Suspense fallback={<LoadingPlaceholder text="Loading…" />}>
      <Routes>
        <Route path="functions" element={<FunctionsPage />} />
        <Route path="functions/new" element={<NewFunctionPage />} />
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
