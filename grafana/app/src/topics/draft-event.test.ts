import {
  draftLike,
  eventBody,
  formFieldsOf,
  problemOfField,
  problemOfHeaders,
  textOfForm,
} from "./draft-event";

test("a flat event becomes a form, and the form the same event with all its digits", () => {
  const text = '{"id":9223372036854775807,"name":"ada","paid":false,"note":null,"amount":12.5}';
  const fields = formFieldsOf(text) ?? [];
  expect(fields.map(({ kind }) => kind)).toEqual(["number", "text", "boolean", "null", "number"]);
  const body = eventBody({ text: textOfForm(fields), key: "", headers: [] });
  expect(JSON.stringify(body)).toBe(`{"value":${text}}`);
});

test.each(["[1]", '"text"', "{}", '{"a":{"b":1}}', '{"a":[1]}', "no JSON"])("%s has no form", (text) => {
  expect(formFieldsOf(text)).toBeUndefined();
});

test("a number that is none is told, and what is null may become text", () => {
  const field = { name: "a", kind: "number" as const, text: "1." };
  expect(problemOfField(field)).toBeDefined();
  expect(() => JSON.parse(textOfForm([field]))).toThrow();
  expect(JSON.parse(textOfForm([{ name: "note", kind: "null", text: "hi" }]))).toEqual({ note: "hi" });
});

test("headers need names of their own", () => {
  const header = { name: "a", value: "1" };
  expect(problemOfHeaders([header, { name: "b", value: "" }])).toBeUndefined();
  expect(problemOfHeaders([header, header])).toMatch(/same name/);
  expect(problemOfHeaders([{ name: "", value: "" }])).toMatch(/Name each/);
  expect(problemOfHeaders([{ name: "Gaugelet-hops", value: "1" }])).toMatch(/taken/);
});

test("an event like another one has its key and headers, but not its name", () => {
  const headers = { origin: "shop", "gaugelet-event-id": "x" };
  expect(draftLike({ value: { a: 1 }, key: null, headers })).toEqual({
    text: '{\n  "a": 1\n}',
    key: "",
    headers: [{ name: "origin", value: "shop" }],
  });
});
