import { Alert, Badge, Stack, Text } from "@grafana/ui";
import { useState } from "react";
import type { ApiError } from "../api/client";
import { Problem } from "../components/Problem";
import { CodePane } from "./CodePane";
import { DropZone } from "./DropZone";
import type { Draft } from "./draft";
import { ManifestForm } from "./ManifestForm";
import { readUpload } from "./upload";
import type { Check } from "./use-check";

/** What a {@link DraftEditor} shows and changes. */
export interface DraftEditorProps {
  readonly draft: Draft;
  readonly onChange: (draft: Draft) => void;
  readonly check: Check | undefined;
  readonly error: ApiError | undefined;
  readonly isChecking: boolean;
}

/** Code and manifest of a function, and what the runtime says of them. */
export function DraftEditor({ draft, onChange, check, error, isChecking }: DraftEditorProps) {
  const [uploadProblem, setUploadProblem] = useState<string>();
  const upload = async (chosen: File[]): Promise<void> => {
    try {
      const read = await readUpload(chosen);
      const { zip: _zip, binaries: _binaries, ...others } = draft;
      onChange({ ...others, ...("zip" in read ? { files: {}, zip: read.zip } : { files: read.files }) });
      setUploadProblem(undefined);
    } catch (thrown) {
      setUploadProblem((thrown as Error).message);
    }
  };
  return (
    <Stack direction="column" gap={2}>
      <ManifestForm draft={draft} onChange={onChange} />
      {draft.zip === undefined ? (
        <EditedFiles draft={draft} findings={check?.findings ?? []} onChange={onChange} />
      ) : (
        <Alert
          severity="info"
          title={`The code is a zip of ${Math.ceil((draft.zip.length * 0.75) / 1024)} KiB`}
        >
          It is unpacked and checked by the runtime.
        </Alert>
      )}
      {uploadProblem !== undefined && (
        <Alert severity="error" title="This cannot be uploaded">
          {uploadProblem}
        </Alert>
      )}
      <DropZone
        text="Or drop source files or a zip here, or click to choose them."
        onFiles={(chosen) => void upload(chosen)}
      />
      {error !== undefined && <Problem error={error} title="It could not be checked" />}
      {draft.unfinishedManifest === undefined ? (
        <CheckResult check={check} isChecking={isChecking} />
      ) : (
        <div role="status">
          <Badge color="red" icon="exclamation-triangle" text="The whole manifest is not finished" />
        </div>
      )}
    </Stack>
  );
}

/** Files of code; where some are no text they are only looked at, as these could not be sent with them. */
function EditedFiles({
  draft,
  findings,
  onChange,
}: Pick<DraftEditorProps, "draft" | "onChange"> & { findings: Check["findings"] }) {
  const { files, binaries = [] } = draft;
  if (binaries.length === 0) {
    return (
      <CodePane
        files={files}
        findings={findings}
        onChange={(changed) => onChange({ ...draft, files: changed })}
      />
    );
  }
  return (
    <Stack direction="column" gap={1}>
      <Alert severity="info" title="This code is changed by uploading a zip">
        It has files that are no text: {binaries.join(", ")}. The manifest can be changed here, and the code
        stays as it is.
      </Alert>
      <CodePane files={files} findings={findings} />
    </Stack>
  );
}

/** What the runtime says of a draft, for those who do not see the marks in the code as well. */
function CheckResult({ check, isChecking }: { check: Check | undefined; isChecking: boolean }) {
  if (check === undefined)
    return isChecking ? <Badge color="blue" icon="sync" text="Being checked…" /> : null;
  const { problems, findings, isAccepted } = check;
  return (
    <div role="status">
      <Stack direction="column" gap={0.5}>
        <div>
          {isAccepted ? (
            <Badge
              color="green"
              icon="check"
              text={isChecking ? "Being checked again…" : "Checked: it can be deployed"}
            />
          ) : (
            <Badge color="red" icon="exclamation-triangle" text="It cannot be deployed so" />
          )}
        </div>
        {problems.map((problem) => (
          <Text key={problem} color="error">
            {problem}
          </Text>
        ))}
        {findings.map(({ file, line, column, message, severity }) => (
          <Text
            key={`${file}:${line}:${column}:${message}`}
            color={severity === "error" ? "error" : "warning"}
          >
            {file === ""
              ? ""
              : `${file}${line === null ? "" : `:${line}${column === null ? "" : `:${column}`}`}: `}
            {message}
          </Text>
        ))}
      </Stack>
    </div>
  );
}
