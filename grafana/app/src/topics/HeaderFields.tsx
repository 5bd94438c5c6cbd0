import { Button, Input, Stack, Text } from "@grafana/ui";
import { type DraftHeader, problemOfHeaders } from "./draft-event";

/** Headers of an event: names and texts. */
export function HeaderFields({
  headers,
  onChange,
}: {
  headers: readonly DraftHeader[];
  onChange: (headers: readonly DraftHeader[]) => void;
}) {
  const change = (index: number, changes: Partial<DraftHeader>): void =>
    onChange(headers.map((header, other) => (other === index ? { ...header, ...changes } : header)));
  const problem = problemOfHeaders(headers);
  return (
    <Stack direction="column" gap={1}>
      <Text variant="bodySmall" weight="medium">
        Headers
      </Text>
      {headers.map((header, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: headers have no name but their place while they are written
        <Stack key={index} gap={1}>
          <Input
            aria-label={`Name of header ${index + 1}`}
            placeholder="Name"
            width={24}
            value={header.name}
            onChange={({ currentTarget }) => change(index, { name: currentTarget.value })}
          />
          <Input
            aria-label={`Value of header ${index + 1}`}
            placeholder="Value"
            width={32}
            value={header.value}
            onChange={({ currentTarget }) => change(index, { value: currentTarget.value })}
          />
          <Button
            variant="secondary"
            fill="text"
            icon="trash-alt"
            aria-label={`Remove header ${index + 1}`}
            onClick={() => onChange(headers.filter((_, other) => other !== index))}
          />
        </Stack>
      ))}
      {problem !== undefined && (
        <Text color="error" variant="bodySmall">
          {problem}
        </Text>
      )}
      <div>
        <Button
          size="sm"
          variant="secondary"
          icon="plus"
          onClick={() => onChange([...headers, { name: "", value: "" }])}
        >
          Add header
        </Button>
      </div>
    </Stack>
  );
}
