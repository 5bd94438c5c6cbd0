import { locationService } from "@grafana/runtime";
import { useCallback } from "react";
import { useLocation } from "react-router-dom";

/**
 * Fields that are kept in the address, so that a link has them: what they are now, and how to change some. Those that
 * are empty are left out of it.
 */
export function useQueryState<Name extends string>(
  names: readonly Name[],
): [Readonly<Record<Name, string>>, (changes: Partial<Record<Name, string | undefined>>) => void] {
  const { search } = useLocation();
  const parameters = new URLSearchParams(search);
  const values = Object.fromEntries(names.map((name) => [name, parameters.get(name) ?? ""])) as Record<
    Name,
    string
  >;
  const change = useCallback((changes: Partial<Record<Name, string | undefined>>) => {
    const shown = Object.entries<string | undefined>(changes as Record<string, string | undefined>);
    locationService.partial(Object.fromEntries(shown.map(([name, value]) => [name, value || null])), true);
  }, []);
  return [values, change];
}
