import { pino } from "pino";
import { expect, test } from "vitest";
import { Target } from "../src/target.ts";
import { makeStore, outputOf, sampleLines, textOf } from "./support/mapped.ts";

/** The samples after each of several versions of one output, about a host. */
function versions(...texts: string[]): string[][] {
  const { store } = makeStore();
  store.describe(outputOf({ host: "h" }));
  return texts.map((text) => {
    store.put("k", { bytes: Buffer.from(text) }, 0);
    return sampleLines(textOf(store));
  });
}

const value = (field: string, number: number | string): string =>
  `gaugelet_output_value{function="f",host="h",field="${field}"} ${number}`;

test("numbers of another length, sign and notation", () => {
  const numbers = ["1", "-20", "0", "0.5", "-1.5e-7", "1E3", "123456789012345678901234567890", "7"];
  const written = ["1", "-20", "0", "0.5", "-1.5e-7", "1000", "1.2345678901234568e+29", "7"];
  expect(versions(...numbers.map((number) => `{"a": 2, "b": ${number}, "c": [${number}]}`))).toEqual(
    written.map((number) => [value("a", 2), value("b", number), value("c.0", number)]),
  );
});

test.each(["1e999", "-1e999", "NaN", "-Infinity"])("%s in a later version costs only itself", (number) => {
  const [, second, third] = versions('{"a":1,"b":2}', `{"a":3,"b":${number}}`, '{"a":5,"b":6}');
  expect(second).toEqual([value("a", 3)]);
  expect(third).toEqual([value("a", 5), value("b", 6)]);
});

test.each([
  ["an unfinished one", '{"a":1,"b":2'],
  ["one with more behind it", '{"a":1,"b":2}}'],
  ["a number that is none", '{"a":1,"b":02}'],
  ["a number without digits", '{"a":-,"b":2}'],
  ["a text with a line end in it", '{"a":1,"b":2,"t":"x\ny"}'],
  ["a text with a wrong escape", '{"a":1,"b":2,"t":"\\x"}'],
  ["a text with half an escape", '{"a":1,"b":2,"t":"\\u12"}'],
])("%s after a good version is no JSON", (_, broken) => {
  const withText = broken.includes('"t"');
  const good = withText ? '{"a":1,"b":2,"t":"now"}' : '{"a":1,"b":2}';
  const [first, second, third] = versions(good, broken, good);
  expect(first).toHaveLength(2);
  expect(second).toEqual([]);
  expect(third).toEqual(first);
});

test("texts and booleans may change, and numbers may become them", () => {
  expect(
    versions(
      '{"t":"a","x":1,"on":true}',
      '{"t":"longer \\" \\u00e9","x":2,"on":false}',
      '{"t":"b","x":"three","on":1}',
      '{"t":4,"x":null,"on":true}',
    ),
  ).toEqual([
    [value("x", 1), value("on", 1)],
    [value("x", 2), value("on", 0)],
    [value("on", 1)],
    [value("t", 4), value("on", 1)],
  ]);
});

test("fields that come, go and change places, and other blanks", () => {
  expect(versions('{"a":1,"b":2}', '{"a":1}', '{"b":3,"a":4}', '{ "b" : 5,\n"a":6 }\n', "{}")).toEqual([
    [value("a", 1), value("b", 2)],
    [value("a", 1)],
    [value("b", 3), value("a", 4)],
    [value("b", 5), value("a", 6)],
    [],
  ]);
});

test("scaled numbers and counters", () => {
  const ratio = 'gaugelet_network_egress_ratio{function="f",host="h"}';
  const total = 'gaugelet_host_interrupts_total{host="h"}';
  const text = (percent: number, count: number): string =>
    `{"percent-network-egress":${percent},"cpu_stats-interrupts":${count}}`;
  expect(versions(text(57, 1), text(29, 2), text(12.5, -1), text(7, 3))).toEqual([
    [`${total} 1`, `${ratio} 0.57`],
    [`${total} 2`, `${ratio} 0.29`],
    [`${ratio} 0.125`],
    [`${total} 3`, `${ratio} 0.07`],
  ]);
});

test("names that are numbers, which objects have in another order, and a name twice", () => {
  expect(
    versions('{"b":1,"2":2,"1":3}', '{"b":4,"2":5,"1":6}', '{"a":1,"a":2}', '{"a":3,"a":4}').map((lines) =>
      lines.toSorted(),
    ),
  ).toEqual([
    [value("1", 3), value("2", 2), value("b", 1)],
    [value("1", 6), value("2", 5), value("b", 4)],
    [value("a", 2)],
    [value("a", 4)],
  ]);
});

test("the preferred spelling of a field stays it in every version", () => {
  const text = (a: number, b: number): string =>
    `{"percentage_outgoing_bytes":${a},"percent-network-egress":${b}}`;
  const ratio = (number: number): string => `gaugelet_network_egress_ratio{function="f",host="h"} ${number}`;
  expect(versions(text(20, 10), text(40, 30))).toEqual([[ratio(0.1)], [ratio(0.3)]]);
});

test("what is being sent stays as it is while outputs change", () => {
  const { store } = makeStore();
  store.describe(outputOf());
  const put = (x: number): void => store.put("k", { bytes: Buffer.from(`{"x":${x}}`) }, 0);
  const dialect = { format: "text", scheme: "underscores" } as const;
  put(1);
  const release = store.hold();
  const sent = store.pieces(dialect);
  const before = Buffer.concat(sent).toString();
  for (const x of [2, 3]) {
    put(x);
    expect(textOf(store)).toContain(`field="x"} ${x}\n`);
  }
  expect(Buffer.concat(sent).toString()).toBe(before);
  release();
  release();
  put(4);
  const pieces = store.pieces(dialect);
  put(5);
  // Nobody sends them now: their memory is written to, and that is what holding is for.
  expect(Buffer.concat(store.pieces(dialect)).toString()).toContain('field="x"} 5\n');
  expect(Buffer.concat(pieces).toString()).toContain('field="x"} 5\n');
});

test("a scrape uses the memory of the one before, unless that is still being sent", () => {
  const { store } = makeStore({});
  const source = { update: async () => {}, problems: [], close: () => {} };
  const target = new Target(source, store, pino({ level: "silent" }));
  store.describe(outputOf());
  const scrape = (x: number) => {
    store.put("k", { bytes: Buffer.from(`{"x":${x}}`) }, 0);
    const { pieces, release } = target.hold({ format: "text", scheme: "underscores" });
    const found = pieces.find((piece) => piece.toString().startsWith("gaugelet_output_value"));
    return { memory: found?.buffer, text: () => found?.toString(), release };
  };
  const first = scrape(1);
  first.release();
  const second = scrape(2);
  expect(second.memory).toBe(first.memory);
  const third = scrape(3);
  expect(third.memory).not.toBe(second.memory);
  expect([second.text(), third.text()]).toEqual([
    'gaugelet_output_value{function="f",field="x"} 2\n',
    'gaugelet_output_value{function="f",field="x"} 3\n',
  ]);
});
