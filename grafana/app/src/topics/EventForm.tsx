import { Field, Grid, Input, Switch } from "@grafana/ui";
import { useId, useState } from "react";
import { type FormField, problemOfField, textOfForm } from "./draft-event";

/** An event by its fields. The fields are those that it has when the form is opened. */
export function EventForm({
  first,
  onChange,
}: {
  first: readonly FormField[];
  onChange: (text: string) => void;
}) {
  const [fields, setFields] = useState(first);
  const id = useId();
  const change = (index: number, text: string): void => {
    const changed = fields.map((field, other) => (other === index ? { ...field, text } : field));
    setFields(changed);
    onChange(textOfForm(changed));
  };
  return (
    <Grid minColumnWidth={21} gap={2}>
      {fields.map((field, index) => {
        const problem = problemOfField(field);
        const { name, kind, text } = field;
        return (
          <Field key={name} label={name} invalid={problem !== undefined} error={problem} noMargin>
            {kind === "boolean" ? (
              <Switch
                id={`${id}-${index}`}
                value={text === "true"}
                onChange={({ currentTarget }) => change(index, String(currentTarget.checked))}
              />
            ) : (
              <Input
                id={`${id}-${index}`}
                value={text}
                inputMode={kind === "number" ? "decimal" : "text"}
                placeholder={kind === "null" ? "Nothing (null)" : undefined}
                onChange={({ currentTarget }) => change(index, currentTarget.value)}
              />
            )}
          </Field>
        );
      })}
    </Grid>
  );
}
