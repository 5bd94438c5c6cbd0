import { locationService, PluginPage } from "@grafana/runtime";
import { Badge, Button, Card, Field, Grid, Input, Stack } from "@grafana/ui";
import { ask } from "../api/client";
import { mayAs } from "../api/role";
import { Problem } from "../components/Problem";
import { useDoing } from "../components/use-doing";
import { useQueryState } from "../components/use-query-state";
import { APP_PATH } from "../constants";
import { DraftEditor } from "./DraftEditor";
import { type Draft, deploymentOf, isUnchanged, problemOfName } from "./draft";
import { newFunctionOf, useKeptDraft } from "./kept-drafts";
import { draftOfQuery, draftOfTemplate, TEMPLATES } from "./templates";
import { mayBeDeployed, useCheck } from "./use-check";

/** Makes a function: from a template, of somebody's own code, or of a panel's query (`?query=`). */
export default function NewFunctionPage() {
  const [{ query, template }, setChoice] = useQueryState(["query", "template"]);
  const first = query !== "" ? draftOfQuery(query) : chosen(template);
  return (
    <PluginPage
      pageNav={{ text: "New function", parentItem: { text: "Functions", url: `${APP_PATH}/functions` } }}
      subTitle={
        first === undefined
          ? "Choose what it begins as; everything can be changed before it is deployed."
          : undefined
      }
    >
      {!mayAs("editor") ? (
        <Badge color="orange" text="Editors make functions; you may call them." />
      ) : first === undefined ? (
        <Templates onChoose={(id) => setChoice({ template: id })} />
      ) : (
        <NewFunction
          key={template + query}
          beginning={template + query}
          first={first}
          onBack={() => setChoice({ template: "", query: "" })}
        />
      )}
    </PluginPage>
  );
}

const EMPTY = "empty";

function chosen(id: string): Draft | undefined {
  const template = TEMPLATES.find((each) => each.id === id);
  if (template !== undefined) return draftOfTemplate(template, template.id);
  return id === EMPTY
    ? {
        name: "",
        manifest: { handler: "handler.handler", triggers: [{ http: true }] },
        files: { "handler.py": "def handler(input, context):\n    return {}\n" },
      }
    : undefined;
}

function Templates({ onChoose }: { onChoose: (id: string) => void }) {
  const all = [
    ...TEMPLATES,
    {
      id: EMPTY,
      title: "Your own code",
      description: "Begin with an empty handler, or upload files or a zip",
    },
  ];
  return (
    <Grid minColumnWidth={34} gap={2}>
      {all.map(({ id, title, description }) => (
        <Card key={id} noMargin onClick={() => onChoose(id)}>
          <Card.Heading>{title}</Card.Heading>
          <Card.Description>{description}</Card.Description>
        </Card>
      ))}
    </Grid>
  );
}

function NewFunction({
  beginning,
  first,
  onBack,
}: {
  /** What it begins as, by which it is found again. */
  beginning: string;
  first: Draft;
  onBack: () => void;
}) {
  const [kept, keep] = useKeptDraft(newFunctionOf(beginning));
  const draft = kept?.draft ?? first;
  const setDraft = (changed: Draft): void =>
    keep(isUnchanged(first, changed) ? undefined : { version: 0, draft: changed });
  const { check, error, isChecking } = useCheck(draft, true);
  const doing = useDoing();
  const nameProblem =
    problemOfName(draft.name) ??
    (check?.isNameFree === false ? "There is a function of this name already." : undefined);
  const create = async (): Promise<void> => {
    const body = { name: draft.name, ...deploymentOf(draft) };
    const isDone = await doing.run(() => ask("POST", "/functions", { body }), `${draft.name} runs`);
    if (!isDone) return;
    keep(undefined);
    locationService.push(`${APP_PATH}/functions/${draft.name}/try`);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void create();
      }}
    >
      <Stack direction="column" gap={2}>
        <Field
          label="Name"
          description="It cannot be changed later."
          invalid={nameProblem !== undefined}
          error={nameProblem}
          noMargin
        >
          <Input
            id="gaugelet-function-name"
            autoFocus
            width={40}
            value={draft.name}
            placeholder="room-temperature"
            onChange={({ currentTarget }) => setDraft({ ...draft, name: currentTarget.value })}
          />
        </Field>
        <DraftEditor draft={draft} onChange={setDraft} check={check} error={error} isChecking={isChecking} />
        {doing.error !== undefined && <Problem error={doing.error} title="It was not created" />}
        <Stack gap={1}>
          <Button
            type="submit"
            icon={doing.isBusy ? "spinner" : "rocket"}
            disabled={nameProblem !== undefined || !mayBeDeployed(draft, check) || doing.isBusy}
          >
            {doing.isBusy ? "Being deployed…" : "Create and deploy"}
          </Button>
          <Button variant="secondary" onClick={onBack}>
            Back to templates
          </Button>
          {kept !== undefined && (
            <Button variant="secondary" onClick={() => keep(undefined)}>
              Discard changes
            </Button>
          )}
        </Stack>
      </Stack>
    </form>
  );
}
