import { css } from "@emotion/css";
import type { GrafanaTheme2 } from "@grafana/data";
import { Button, IconButton, Input, type Monaco, type MonacoEditor, useStyles2 } from "@grafana/ui";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Finding } from "../api/types";
import { TextEditor } from "../components/TextEditor";
import { languageOfFile } from "./draft";

const OWNER = "gaugelet";

/** What a {@link CodePane} shows. */
export interface CodePaneProps {
  readonly files: Readonly<Record<string, string>>;
  /** Undefined: it is only looked at. */
  readonly onChange?: (files: Readonly<Record<string, string>>) => void;
  readonly findings?: readonly Finding[];
  readonly height?: number;
}

/** Files of code, one at a time, with what was found in them marked where it is. */
export function CodePane({ files, onChange, findings = [], height = 420 }: CodePaneProps) {
  const styles = useStyles2(getStyles);
  const paths = Object.keys(files);
  const [chosen, setChosen] = useState(paths[0] ?? "");
  const path = chosen in files ? chosen : (paths[0] ?? "");
  const editor = useRef<{ editor: MonacoEditor; monaco: Monaco } | undefined>(undefined);

  const mark = useCallback(() => {
    const model = editor.current?.editor.getModel();
    if (editor.current === undefined || model == null) return;
    const { monaco } = editor.current;
    const markers = findings
      .filter(({ file }) => file === path)
      .map(({ line, column, message, severity }) => ({
        startLineNumber: line ?? 1,
        endLineNumber: line ?? 1,
        startColumn: column ?? 1,
        endColumn: model.getLineMaxColumn(Math.min(line ?? 1, model.getLineCount())),
        message,
        severity: severity === "error" ? monaco.MarkerSeverity.Error : monaco.MarkerSeverity.Warning,
      }));
    monaco.editor.setModelMarkers(model, OWNER, markers);
  }, [findings, path]);
  useEffect(mark, [mark]);

  return (
    <div>
      <fieldset className={styles.tabs} aria-label="Files">
        {paths.map((each) => (
          <span key={each} className={each === path ? styles.chosen : styles.tab}>
            <button type="button" aria-pressed={each === path} onClick={() => setChosen(each)}>
              {each}
              {findings.some(({ file, severity }) => file === each && severity === "error") && " ⚠"}
            </button>
            {onChange !== undefined && paths.length > 1 && (
              <IconButton
                name="times"
                size="sm"
                aria-label={`Remove ${each}`}
                onClick={() =>
                  onChange(Object.fromEntries(Object.entries(files).filter(([name]) => name !== each)))
                }
              />
            )}
          </span>
        ))}
        {onChange !== undefined && (
          <AddFile
            taken={paths}
            onAdd={(name) => {
              onChange({ ...files, [name]: "" });
              setChosen(name);
            }}
          />
        )}
      </fieldset>
      <TextEditor
        key={path}
        value={files[path] ?? ""}
        language={languageOfFile(path)}
        height={height}
        showLineNumbers
        showMiniMap={false}
        readOnly={onChange === undefined}
        onChange={(text) => onChange?.({ ...files, [path]: text })}
        onEditorDidMount={(mounted, monaco) => {
          editor.current = { editor: mounted, monaco };
          mark();
        }}
        monacoOptions={{ tabSize: path.endsWith(".py") ? 4 : 2, insertSpaces: true }}
      />
    </div>
  );
}

/** Asks for the name of a file to add. */
function AddFile({ taken, onAdd }: { taken: readonly string[]; onAdd: (name: string) => void }) {
  const [name, setName] = useState<string>();
  if (name === undefined) {
    return (
      <Button size="sm" variant="secondary" fill="text" icon="plus" onClick={() => setName("")}>
        Add file
      </Button>
    );
  }
  const isUsable = name !== "" && !name.startsWith("/") && !taken.includes(name);
  return (
    <form
      style={{ display: "inline-flex", gap: 4 }}
      onSubmit={(event) => {
        event.preventDefault();
        if (!isUsable) return;
        onAdd(name);
        setName(undefined);
      }}
    >
      <Input
        autoFocus
        aria-label="Path of the new file"
        placeholder="helpers.py"
        width={20}
        value={name}
        invalid={name !== "" && !isUsable}
        onChange={({ currentTarget }) => setName(currentTarget.value)}
      />
      <Button type="submit" size="sm" disabled={!isUsable}>
        Add
      </Button>
      <Button size="sm" variant="secondary" onClick={() => setName(undefined)}>
        Cancel
      </Button>
    </form>
  );
}

const getStyles = (theme: GrafanaTheme2) => {
  const tab = css({
    display: "inline-flex",
    alignItems: "center",
    "& > button[aria-pressed]": {
      background: "none",
      border: "none",
      padding: theme.spacing(0.5, 1),
      fontFamily: theme.typography.fontFamilyMonospace,
      color: theme.colors.text.secondary,
    },
  });
  return {
    tabs: css({ display: "flex", flexWrap: "wrap", alignItems: "center", gap: theme.spacing(0.5) }),
    tab,
    chosen: css(tab, {
      borderBottom: `2px solid ${theme.colors.primary.main}`,
      "& > button[aria-pressed]": { color: theme.colors.text.primary },
    }),
  };
};
