import { askAhead } from "../api/client";
import { currentUser } from "../api/role";
import { APP_PATH } from "../constants";
import { FUNCTIONS_QUERY } from "../functions/functions-query";

/**
 * Whoever opens the app would wait for its parts one after the other, and then for the functions: all of them are
 * asked for at once.
 */
export function beginFirstPage({ pathname, search }: Pick<Location, "pathname" | "search">): void {
  if (currentUser() === undefined || !pathname.includes(APP_PATH)) return;
  void import("./App");
  if (search !== "" || !/\/functions\/?$/.test(pathname)) return;
  void import("../functions/FunctionsPage");
  askAhead("/functions", { query: FUNCTIONS_QUERY });
}
