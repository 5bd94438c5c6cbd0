import { PluginPage } from "@grafana/runtime";
import { Button, EmptyState, InlineSwitch, LinkButton, Stack, Text } from "@grafana/ui";
import { useEffect, useMemo, useState } from "react";
import { mayAs } from "../api/role";
import type { RunSummary } from "../api/types";
import { usePages } from "../api/use-pages";
import { Problem } from "../components/Problem";
import { Table } from "../components/Table";
import { useQueryState } from "../components/use-query-state";
import { APP_PATH } from "../constants";
import { RunFilters } from "./RunFilters";
import { RUN_COLUMNS } from "./run-columns";
import { FILTERS, queryOf } from "./run-filter";

const PAGE_ITEMS = 500;
/** As many as are held; who looks for more narrows the filter. */
const MOST_ITEMS = 100_000;
const FOLLOW_MILLISECONDS = 2_000;

const keyOf = ({ id }: RunSummary): string => id;

/** All runs that whoever looks may see, newest first. */
export default function RunsPage() {
  const [{ follow, ...filter }, change] = useQueryState([...FILTERS, "follow"]);
  const isFollowing = follow === "true";
  const [turn, setTurn] = useState(0);
  const key = JSON.stringify(filter);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is what the filter says; a turn reads the clock
  const query = useMemo(() => queryOf(filter), [key, turn]);
  const pages = usePages<RunSummary>("/runs", { ...query, limit: PAGE_ITEMS });
  const { refresh } = pages;
  useEffect(() => {
    if (!isFollowing) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") refresh(keyOf);
    }, FOLLOW_MILLISECONDS);
    return () => clearInterval(timer);
  }, [isFollowing, refresh]);
  const isFull = pages.items.length >= MOST_ITEMS;
  const reload = (): void => {
    const isLater = Object.entries(queryOf(filter)).some(([name, value]) => value !== query[name]);
    if (isLater) setTurn(turn + 1);
    else pages.reload();
  };

  return (
    <PluginPage
      subTitle={
        mayAs("admin")
          ? "Every call of every function, and what came of it."
          : mayAs("editor")
            ? "Calls of your functions, and those that you made yourself."
            : "Calls that you made, and what came of them."
      }
      actions={
        <Stack gap={1} alignItems="center">
          <InlineSwitch
            id="gaugelet-follow-runs"
            label="Follow"
            showLabel
            value={isFollowing}
            onChange={({ currentTarget }) => change({ follow: currentTarget.checked ? "true" : "" })}
          />
          <Button variant="secondary" icon="sync" onClick={reload}>
            Refresh
          </Button>
        </Stack>
      }
    >
      <Stack direction="column" gap={2}>
        <RunFilters filter={filter} onChange={change} />
        {pages.error !== undefined && <Problem error={pages.error} onRetry={pages.reload} />}
        <Table
          label="Runs"
          columns={RUN_COLUMNS}
          items={pages.items}
          keyOf={keyOf}
          isLoading={pages.isLoading}
          onEnd={pages.hasMore && !isFull && pages.error === undefined ? pages.more : undefined}
          maxHeight={720}
          empty={
            pages.error === undefined && <NoRuns isFiltered={FILTERS.some((name) => filter[name] !== "")} />
          }
        />
        <Text color="secondary" variant="bodySmall">
          <span role="status">{countedText(pages.items.length, pages.hasMore, isFull)}</span>
        </Text>
      </Stack>
    </PluginPage>
  );
}

function countedText(shown: number, hasMore: boolean, isFull: boolean): string {
  if (shown === 0) return "";
  const runs = `${shown.toLocaleString()} ${shown === 1 ? "run" : "runs"}`;
  if (isFull && hasMore) return `The newest ${runs} are shown: filter by time to see those before.`;
  return hasMore ? `${runs} so far: scroll on for those before.` : `${runs}: these are all.`;
}

function NoRuns({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return "No run is like that: change or clear the filter.";
  return (
    <EmptyState
      variant="call-to-action"
      message="There is no run yet"
      button={<LinkButton href={`${APP_PATH}/functions`}>Choose a function to try</LinkButton>}
    >
      A run is one call of a function. Each shows here with its input, its output, what it took and what it
      cost.
    </EmptyState>
  );
}
