import { Collapse, Combobox, Field, Input, Stack } from "@grafana/ui";
import { useId, useState } from "react";
import { TextEditor } from "../components/TextEditor";
import { type Draft, type Language, problemOfManifest, withManifest, withManifestText } from "./draft";
import { TriggersField } from "./TriggersField";

const LANGUAGES = [
  { value: "python", label: "Python" },
  { value: "javascript", label: "JavaScript" },
  { value: "typescript", label: "TypeScript" },
  { value: "script", label: "Plain script" },
];
const CLASSES = [
  { value: "standard", label: "Standard" },
  { value: "premium", label: "Premium: goes first" },
];

/** What a {@link ManifestForm} shows and changes. */
export interface ManifestFormProps {
  readonly draft: Draft;
  readonly onChange: (draft: Draft) => void;
}

/** All of a draft's manifest: what is set often as fields, the whole as JSON. */
export function ManifestForm({ draft, onChange }: ManifestFormProps) {
  const { manifest } = draft;
  const id = useId();
  const [isWholeOpen, setWholeOpen] = useState(false);
  const set = (changes: Record<string, unknown>): void => {
    const all = Object.entries({ ...manifest, ...changes });
    const chosen = all.filter(([, value]) => value !== undefined && value !== "");
    onChange(withManifest(draft, Object.fromEntries(chosen)));
  };
  const limits = manifest.limits ?? {};
  const setLimit = (name: string, value: string): void => {
    const changed = Object.fromEntries(
      Object.entries({ ...limits, [name]: value }).filter(([, each]) => each !== ""),
    );
    set({ limits: Object.keys(changed).length === 0 ? undefined : changed });
  };

  return (
    <Stack direction="column" gap={2}>
      <Field label="Description" noMargin>
        <Input
          id={`${id}-description`}
          value={manifest.description ?? ""}
          placeholder="What it is for"
          onChange={({ currentTarget }) => set({ description: currentTarget.value })}
        />
      </Field>
      <Stack gap={2} wrap="wrap">
        <Field label="Language" noMargin>
          <Combobox
            id={`${id}-language`}
            width={24}
            options={LANGUAGES}
            value={manifest.language ?? "python"}
            onChange={({ value }) => set({ language: value as Language })}
          />
        </Field>
        <Field label="Entry point" description="Module and function; of a script its file" noMargin>
          <Input
            id={`${id}-handler`}
            width={28}
            value={manifest.handler ?? ""}
            placeholder="handler.handler"
            onChange={({ currentTarget }) => set({ handler: currentTarget.value })}
          />
        </Field>
        <Field label="Class" noMargin>
          <Combobox
            id={`${id}-class`}
            width={24}
            options={CLASSES}
            value={String(manifest.class ?? "standard")}
            onChange={({ value }) => set({ class: value === "standard" ? undefined : value })}
          />
        </Field>
        <Field label="Time limit" noMargin>
          <Input
            id={`${id}-timeout`}
            width={12}
            value={String(limits.timeout ?? "")}
            placeholder="30s"
            onChange={({ currentTarget }) => setLimit("timeout", currentTarget.value)}
          />
        </Field>
        <Field label="Memory limit" noMargin>
          <Input
            id={`${id}-memory`}
            width={12}
            value={String(limits.memory ?? "")}
            placeholder="512Mi"
            onChange={({ currentTarget }) => setLimit("memory", currentTarget.value)}
          />
        </Field>
      </Stack>
      <TriggersField triggers={manifest.triggers ?? []} onChange={(triggers) => set({ triggers })} />
      <Collapse label="Whole manifest as JSON" isOpen={isWholeOpen} onToggle={setWholeOpen}>
        <WholeManifest draft={draft} onChange={onChange} />
      </Collapse>
    </Stack>
  );
}

/** The manifest as text: what has no field of its own is set here. */
function WholeManifest({ draft, onChange }: ManifestFormProps) {
  const { manifest, unfinishedManifest } = draft;
  const [written, setWritten] = useState("");
  // It stays as it is written until the fields change it.
  const isWritten = parsed(written) === JSON.stringify(manifest);
  const text = unfinishedManifest ?? (isWritten ? written : JSON.stringify(manifest, null, 2));
  const problem = unfinishedManifest === undefined ? undefined : problemOfManifest(unfinishedManifest);
  return (
    <Field
      label="Manifest"
      description="Every field is explained in the reference of the manifest."
      invalid={problem !== undefined}
      error={problem}
      noMargin
    >
      <TextEditor
        value={text}
        language="json"
        height={260}
        showLineNumbers
        onChange={(changed) => {
          setWritten(changed);
          onChange(withManifestText(draft, changed));
        }}
      />
    </Field>
  );
}

function parsed(text: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return undefined;
  }
}
