import { dateTime } from "@grafana/data";
import { queryOf, type RunFilter, rangeOf, textOf } from "./run-filter";

const NONE: RunFilter = {
  function: "",
  status: "",
  trigger: "",
  user: "",
  from: "",
  to: "",
  version: "",
  error: "",
};

beforeEach(() => jest.useFakeTimers().setSystemTime(new Date("2026-11-26T12:00:00Z")));
afterEach(() => jest.useRealTimers());

test("relative times become what they are now, and an open end stays open", () => {
  const query = queryOf({ ...NONE, function: "clean", from: "now-1h", to: "now" });
  expect(query).toMatchObject({ function: "clean", from: "2026-11-26T11:00:00.000Z", to: undefined });
});

test("a day is a whole day", () => {
  const { from, to } = queryOf({ ...NONE, from: "now-1d/d", to: "now-1d/d" });
  expect([from, to]).toEqual(["2026-11-25T00:00:00.000Z", "2026-11-25T23:59:59.999Z"]);
});

test("times that are none are left out", () => {
  expect(queryOf({ ...NONE, from: "soon", to: "later" })).toMatchObject({ from: undefined, to: undefined });
});

test("what is chosen is what the address says, and the other way round", () => {
  const from = "2026-11-20T00:00:00.000Z";
  expect(textOf(rangeOf({ from, to: "" }).raw.from)).toBe(from);
  expect(rangeOf({ from: "now-6h", to: "" }).raw).toEqual({ from: "now-6h", to: "now" });
  expect(textOf(rangeOf({ from: "", to: "" }).raw.from)).toBe("");
  expect(textOf(dateTime(null))).toBe("");
});
