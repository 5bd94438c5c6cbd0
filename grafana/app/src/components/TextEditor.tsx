import { CodeEditor } from "@grafana/ui";
import { type ComponentProps, useCallback, useRef } from "react";

/**
 * Grafana's editor of code. That goes on calling the `onChange` that it began with, which knows nothing of what was
 * changed since: this one calls the newest. And it has no map of the text, which takes room from it on a phone.
 */
export function TextEditor({ onChange, ...others }: ComponentProps<typeof CodeEditor>) {
  const newest = useRef(onChange);
  newest.current = onChange;
  const change = useCallback((text: string) => newest.current?.(text), []);
  return <CodeEditor showMiniMap={false} {...others} onChange={change} />;
}
