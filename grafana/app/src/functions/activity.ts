import { getBackendSrv } from "@grafana/runtime";
import { useEffect, useState } from "react";
import { lastValueFrom } from "rxjs";

const DATASOURCE = "gaugelet-prometheus";
const MINUTES = 60;
const EVERY_MILLISECONDS = 30_000;

/** What a function did in the last hour, as Prometheus has it. */
export interface Activity {
  /** Invocations a second, one number a minute, oldest first. */
  readonly rates: readonly number[];
  /** Share of invocations that failed; undefined: there were none. */
  readonly errorRatio: number | undefined;
  /** When it was invoked last, to the minute, in milliseconds; undefined: not in the last hour. */
  readonly lastAt: number | undefined;
}

/** A series as Grafana's data sources answer it: times, and values. */
interface Frame {
  readonly schema: { readonly fields: readonly { readonly labels?: Readonly<Record<string, string>> }[] };
  readonly data: { readonly values: readonly (readonly number[])[] };
}

/** What functions did, by their names; empty where there is no Prometheus. */
export function useActivity(): ReadonlyMap<string, Activity> {
  const [activity, setActivity] = useState<ReadonlyMap<string, Activity>>(new Map());
  useEffect(() => {
    let isOver = false;
    const look = (): void => {
      readActivity().then(
        (read) => !isOver && setActivity(read),
        // The list is of use without it.
        () => {},
      );
    };
    look();
    const timer = setInterval(look, EVERY_MILLISECONDS);
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, []);
  return activity;
}

async function readActivity(): Promise<ReadonlyMap<string, Activity>> {
  const to = Date.now();
  const query = (refId: string, expr: string) => ({
    refId,
    expr,
    datasource: { type: "prometheus", uid: DATASOURCE },
    range: true,
    instant: false,
    intervalMs: 60_000,
    maxDataPoints: MINUTES,
  });
  const rate = (more: string): string =>
    `sum by (function) (rate(gaugelet_function_invocations_total${more}[2m]))`;
  const response = await lastValueFrom(
    getBackendSrv().fetch<{ results: Record<string, { frames?: Frame[] }> }>({
      url: "/api/ds/query",
      method: "POST",
      showErrorAlert: false,
      data: {
        from: String(to - MINUTES * 60_000),
        to: String(to),
        queries: [query("all", rate("")), query("failed", rate('{outcome!="ok"}'))],
      },
    }),
  );
  const { all, failed } = response.data.results;
  return activityIn(all?.frames ?? [], failed?.frames ?? []);
}

/** What functions did, from the rates of all invocations and of those that failed. */
export function activityIn(all: readonly Frame[], failed: readonly Frame[]): Map<string, Activity> {
  const failures = new Map(failed.map((frame) => [functionOf(frame), ratesOf(frame)]));
  return new Map(
    all.map((frame) => {
      const name = functionOf(frame);
      const rates = ratesOf(frame);
      const sum = total(rates);
      const errorRatio = sum === 0 ? undefined : total(failures.get(name) ?? []) / sum;
      const lastAt = frame.data.values[0]?.[rates.findLastIndex((rate) => rate > 0)];
      return [name, { rates, errorRatio, lastAt }];
    }),
  );
}

function functionOf({ schema }: Frame): string {
  return schema.fields[1]?.labels?.function ?? "";
}

function ratesOf({ data }: Frame): readonly number[] {
  return data.values[1] ?? [];
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}
