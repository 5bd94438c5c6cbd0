import { Alert, Button } from "@grafana/ui";
import type { ApiError } from "../api/client";

/** Titles of what may be wrong, by the API's code. */
const TITLES: Readonly<Record<string, string>> = {
  unauthenticated: "The runtime does not know who is asking",
  forbidden: "This is not yours to do",
  "not-found": "There is no such thing",
  gone: "It was deleted",
  conflict: "It is in the way of something that is there",
  "invalid-request": "The request is not as it should be",
  "invalid-code": "The code cannot be accepted",
  "too-many-requests": "Too much was asked in a short time",
  "budget-spent": "The budget is spent",
  unavailable: "Something that is needed is away",
};

/** What went wrong, and a way on. */
export function Problem({
  error,
  title,
  onRetry,
}: {
  error: ApiError;
  title?: string;
  onRetry?: () => void;
}) {
  const hint =
    error.code === "unauthenticated"
      ? " Sign in to Grafana; where you are, an administrator checks Configuration."
      : "";
  return (
    <Alert severity="error" title={title ?? TITLES[error.code] ?? "This did not work"}>
      <p style={{ whiteSpace: "pre-wrap" }}>
        {error.message}
        {hint}
      </p>
      {onRetry !== undefined && (
        <Button size="sm" variant="secondary" icon="sync" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Alert>
  );
}
