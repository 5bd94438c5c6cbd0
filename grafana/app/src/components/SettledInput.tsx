import { FilterInput } from "@grafana/ui";
import { useEffect, useRef, useState } from "react";

const SETTLED_MILLISECONDS = 300;

/** A filter that asks the API: what is typed counts once the typing pauses. */
export function SettledInput({
  label,
  value,
  width,
  onChange,
}: {
  label: string;
  value: string;
  width: number;
  onChange: (value: string) => void;
}) {
  const [text, setText] = useState(value);
  const told = useRef(value);
  const tell = useRef(onChange);
  tell.current = onChange;

  // Changed from elsewhere, such as by a button that clears all filters.
  useEffect(() => {
    if (value === told.current) return;
    told.current = value;
    setText(value);
  }, [value]);

  useEffect(() => {
    if (text === told.current) return;
    const timer = setTimeout(() => {
      told.current = text;
      tell.current(text);
    }, SETTLED_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [text]);

  return <FilterInput aria-label={label} placeholder={label} width={width} value={text} onChange={setText} />;
}
