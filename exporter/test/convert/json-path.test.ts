import { describe, expect, test } from "vitest";
import { JsonPathError, parseTemplate } from "../../src/convert/json-path.ts";

const name = (text: string) => ({ name: text });
const each = { each: undefined };

describe("a template", () => {
  test.each<[string, unknown]>([
    ["", []],
    ["text", ["text"]],
    ["{ .counter }", [[name("counter")]]],
    ["{.a.b-c.d_e}", [[name("a"), name("b-c"), name("d_e")]]],
    ["{$.a}", [[name("a")]]],
    ["{@.a}", [[name("a")]]],
    ["{@}", [[]]],
    ["{.}", [[]]],
    ["{ $ }", [[]]],
    ["{.a['b.c']}", [[name("a"), name("b.c")]]],
    ['{["a b"].c}', [[name("a b"), name("c")]]],
    ["{.a\\.b/c}", [[name("a.b/c")]]],
    ["{.a[0].b}", [[name("a"), name("0"), name("b")]]],
    ["{[*]}", [[each]]],
    ["{.[*].x}", [[each, name("x")]]],
    ["{.a.*}", [[name("a"), each]]],
    ["{.a[ * ].b}", [[name("a"), each, name("b")]]],
    ["planet-{ .a }/{.b}!", ["planet-", [name("a")], "/", [name("b")], "!"]],
    ["{'a}b'}", ["a}b"]],
    [
      '{ .v[?(@.state == "ON")].count }',
      [[name("v"), { each: { path: [name("state")], equals: "ON" } }, name("count")]],
    ],
    ["{[?(@.a.b=='x]y')]}", [[{ each: { path: [name("a"), name("b")], equals: "x]y" } }]]],
    ["{[?(@.n == -1.5)]}", [[{ each: { path: [name("n")], equals: -1.5 } }]]],
    ["{[?( @.ok == true )]}", [[{ each: { path: [name("ok")], equals: true } }]]],
  ])("%s", (text, parts) => {
    expect(parseTemplate(text)).toEqual(parts);
  });

  test.each([
    ["{..a}", "recursion (..)"],
    ["{.a..b}", "recursion (..)"],
    ["{.a[-1]}", "counting from the end ([-1])"],
    ["{.a[0:2]}", "a slice ([a:b])"],
    ["{.a[:2]}", "a slice ([a:b])"],
    ["{.a[0,1]}", "a union ([a,b])"],
    ["{.a['b','c']}", "a union ([a,b])"],
    ["{range .a[*]}x{end}", "a loop (range … end)"],
    ["{.a[?(@.n > 1)]}", "a filter like [?(@.n > 1)]"],
    ["{.a[?(@.n != 1)]}", "a filter like [?(@.n != 1)]"],
    ["{.a[?(@.n)]}", "a filter like [?(@.n)]"],
    ["{.a[?(@ == 1)]}", "a filter like [?(@ == 1)]"],
    ["{.a[?(@.b[*] == 1)]}", "a filter like [?(@.b[*] == 1)]"],
    ["{.a", "a brace that is not closed ({.a)"],
    ["{a b}", "what cannot be read: a b"],
    ["{.a b}", "what cannot be read:  b"],
    ["{.a['x*']}", "a name that is empty or has braces or a star (x*)"],
    ["{.a['']}", "a name that is empty or has braces or a star ()"],
  ])("%s is refused: %s", (text, message) => {
    expect(() => parseTemplate(text)).toThrow(new JsonPathError(message));
  });
});
