import { PANEL_LINK, queryOf } from "./panel-link";

const VARIABLES: Record<string, string | string[]> = { host: "a.b", function: ["one.py", "two"] };

jest.mock("@grafana/runtime", () => ({
  getTemplateSrv: () => ({
    replace: (text: string, scoped: Record<string, { value: string }>, format: (value: unknown) => string) =>
      text.replace(/\$(\w+)/g, (_, name: string) => scoped[name]?.value ?? format(VARIABLES[name])),
  }),
}));

const context = (...targets: object[]) => ({ targets }) as never;

test("the first query in PromQL is taken", () => {
  expect(queryOf(context({ refId: "A", rawSql: "select 1" }, { refId: "B", expr: "up" }))).toBe("up");
});

test("variables have the values that the dashboard shows", () => {
  const expr = 'rate(x{host="$host", function=~"$function"}[$__rate_interval])';
  expect(queryOf(context({ refId: "A", expr }))).toBe(
    'rate(x{host="a.b", function=~"(one\\\\.py|two)"}[1m])',
  );
});

test.each([[undefined], [context()], [context({ refId: "A", expr: "  " })]])("there may be none", (given) => {
  expect(queryOf(given)).toBeUndefined();
  expect(PANEL_LINK.configure?.(given)).toBeUndefined();
});

test("the link has the query, whatever is in it", () => {
  const query = 'rate(a{b="c&d"}[5m])';
  const link = PANEL_LINK.configure?.(context({ refId: "A", expr: query }));
  const [, search] = (link?.path ?? "").split("?");
  expect(new URLSearchParams(search).get("query")).toBe(query);
});
