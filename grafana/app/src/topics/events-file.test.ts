import { readEvents } from "./events-file";

test("each line is an event; empty ones are none", () => {
  const { events, problems } = readEvents('\uFEFF{"a":1}\r\n\n[2,3]\r\n"four"\n', "value");
  expect(problems).toEqual([]);
  expect(events.map(({ value }) => value)).toEqual([{ a: 1 }, [2, 3], "four"]);
});

test("an array is its elements, however it is set", () => {
  const { events } = readEvents('[\n  {"a": 1},\n  {"a": 2}\n]\n', "value");
  expect(events.map(({ value }) => value)).toEqual([{ a: 1 }, { a: 2 }]);
});

test("lines that are arrays are events, not a list of them", () => {
  expect(readEvents("[1,2]\n[3]", "value").events.map(({ value }) => value)).toEqual([[1, 2], [3]]);
});

test("each line that is no JSON is named, and nothing of the file is sent", () => {
  const { events, problems } = readEvents('{"a":1}\n{"a":\n{"a":3}\nfour\n', "value");
  expect(events).toEqual([]);
  expect(problems).toHaveLength(2);
  expect(problems[0]).toMatch(/^line 2: .*[Uu]nexpected end/);
  expect(problems[1]).toMatch(/^line 4: .*[Uu]nexpected token/);
});

test("the line is named where an array is broken", () => {
  expect(readEvents('[\n  {"a": 1},\n  {"a" 2}\n]', "value").problems[0]).toMatch(/^line 3: Expected ':'/);
});

test("a file may give keys, headers and names; what is none is named", () => {
  const good = '{"value":1,"key":"k","headers":{"h":"v"},"id":"x"}';
  expect(readEvents(good, "event").events).toEqual([{ value: 1, key: "k", headers: { h: "v" }, id: "x" }]);
  const bad = `${good}\n{"key":"k"}\n{"value":1,"headers":{"h":2}}\n{"value":1,"colour":"red"}\n5`;
  expect(readEvents(bad, "event").problems).toEqual([
    "line 2: value is missing",
    "line 3: headers: expected an object of texts",
    "line 4: there is no field colour: expected value, key, headers and id",
    "line 5: expected an object with value, and key and headers if need be",
  ]);
});

test("a field gives the key, with all digits of long numbers", () => {
  const lines = '{"id":9223372036854775807}\n{"id":"b"}\n{"other":1}';
  expect(readEvents(lines, "value", "id").events.map(({ key }) => key)).toEqual([
    "9223372036854775807",
    "b",
    undefined,
  ]);
});

test("an empty file is told", () => {
  expect(readEvents(" \n", "value").problems).toEqual(["The file has no event."]);
  expect(readEvents("[]", "value").problems).toEqual(["The file has no event."]);
});
