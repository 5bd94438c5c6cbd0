import { css } from "@emotion/css";
import { Combobox, type ComboboxOption } from "@grafana/ui";
import { useId, useState } from "react";

/** What a {@link Choice} shows. */
export interface ChoiceProps {
  /** For screen readers: it stands where it needs no label to be seen. */
  readonly label: string;
  readonly options: ComboboxOption[];
  readonly value: string | null;
  readonly onChange: (value: string) => void;
  readonly width: number;
  readonly placeholder?: string;
  /** Whether something else may be written. */
  readonly isOpen?: boolean;
}

/** One of several, by a name that is not seen. */
export function Choice({ label, options, value, onChange, width, placeholder, isOpen = false }: ChoiceProps) {
  const id = useId();
  // Grafana's box goes on showing what was chosen in it where the value is changed from elsewhere, such as by a button
  // that clears it: a new one takes its place then.
  const [box, setBox] = useState({ value, chosen: value, turn: 0 });
  if (value !== box.value) {
    setBox({ value, chosen: value, turn: value === box.chosen ? box.turn : box.turn + 1 });
  }
  return (
    <>
      <span id={id} className={HIDDEN}>
        {label}
      </span>
      <Combobox
        key={box.turn}
        aria-labelledby={id}
        width={width}
        options={options}
        value={value}
        createCustomValue={isOpen}
        onChange={(chosen) => {
          setBox((last) => ({ ...last, chosen: chosen.value }));
          onChange(chosen.value);
        }}
        {...(placeholder === undefined ? {} : { placeholder })}
      />
    </>
  );
}

const HIDDEN = css({
  position: "absolute",
  width: 1,
  height: 1,
  overflow: "hidden",
  clipPath: "inset(50%)",
  whiteSpace: "nowrap",
});
