import { expect, test } from "vitest";
import {
  areInvoked,
  bodyOf,
  COLUMNS,
  joinRows,
  RECORD_SEPARATOR,
  rowsOf,
  splitRows,
  UNIT_SEPARATOR,
} from "../../src/runs/run-rows.ts";
import { runRecord } from "../api/run-record.ts";

const INPUT = COLUMNS.findIndex(([column]) => column === "input");
const OUTPUT = COLUMNS.findIndex(([column]) => column === "output");
const LONG = "x".repeat(10_000);

/** Input and output of each row, and that it has as many values as there are columns. */
function bodiesOf(rows: Buffer): (readonly [string | undefined, string | undefined])[] {
  return rows
    .toString()
    .split(RECORD_SEPARATOR)
    .map((row) => {
      const values = row.split(UNIT_SEPARATOR);
      expect(values).toHaveLength(COLUMNS.length);
      return [values[INPUT], values[OUTPUT]];
    });
}

test("short and long bodies, and none, are written one after the other", () => {
  const bodies = [
    ["1", "2"],
    [LONG, "é"],
    ["", `${LONG}é🙂`],
    [LONG, LONG],
  ] as const;
  const records = bodies.map(([input, output], index) => runRecord({ id: String(index), input, output }));
  expect(bodiesOf(rowsOf(records))).toEqual(bodies);
  expect(bodiesOf(rowsOf([runRecord({ id: "0", input: null, output: null })]))).toEqual([["\x1d", "\x1d"]]);
  expect(rowsOf([])).toHaveLength(0);
});

test.each(["", LONG])("what no text may hold is shown, %#", (text) => {
  const input = `\0\x1d\x1e\x1f${text}`;
  expect(bodiesOf(rowsOf([runRecord({ id: "0", input })]))).toEqual([[`␀␝␞␟${text}`, '{"n":2}']]);
  const half = { ...runRecord({ id: "0" }), output: bodyOf(Buffer.from([...Buffer.from(text), 0xe2, 0x82])) };
  expect(bodiesOf(rowsOf([half]))).toEqual([['{"n":1}', `${text}\uFFFD`]]);
});

test("rows of several entries become those of one, and each by itself again", () => {
  const [first, second] = [rowsOf([runRecord({ id: "1" })]), rowsOf([runRecord({ id: "2", input: LONG })])];
  const none = rowsOf([]);
  const third = rowsOf([runRecord({ id: "3" }), runRecord({ id: "4" })]);
  const rows = joinRows([none, first, second, none, third]);
  expect(splitRows(rows)).toEqual([first, second, ...splitRows(third)]);
  expect(joinRows(splitRows(rows))).toEqual(rows);
  expect(splitRows(none)).toEqual([]);
});

test("runs of an accepted call are told apart", () => {
  expect(areInvoked(rowsOf([runRecord({ id: "1" }), runRecord({ id: "2", trigger: "invocation" })]))).toBe(
    true,
  );
  expect(areInvoked(rowsOf([runRecord({ id: "1" })]))).toBe(false);
});
