import { act, render } from "@testing-library/react";
import { useRef } from "react";
import { TextEditor } from "./TextEditor";

let type: (text: string) => void;

jest.mock("@grafana/ui", () => ({
  /** As Grafana's: what it is given first is what it calls. */
  CodeEditor: ({ onChange }: { onChange: (text: string) => void }) => {
    type = useRef(onChange).current;
    return null;
  },
}));

test("what is typed is told to the newest that listens", () => {
  const [first, second] = [jest.fn(), jest.fn()];
  const { rerender } = render(<TextEditor value="" language="python" onChange={first} />);
  rerender(<TextEditor value="" language="python" onChange={second} />);
  act(() => type("a = 1"));
  expect(second.mock.calls).toEqual([["a = 1"]]);
  expect(first).not.toHaveBeenCalled();
});
