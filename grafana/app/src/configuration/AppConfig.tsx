import type { AppPluginMeta, PluginConfigPageProps } from "@grafana/data";
import { Badge, Button, Field, FieldSet, Input, Stack, Text } from "@grafana/ui";
import { type FormEvent, useState } from "react";
import { ROLES, type Role } from "../api/role";
import { Problem } from "../components/Problem";
import { useDoing } from "../components/use-doing";
import { withinPage } from "../components/within-page";
import { addressFault, keptAddress } from "./address";
import { ConnectionTest } from "./ConnectionTest";
import { NO_SECRETS, SecretFields, type SecretsInput } from "./SecretFields";
import { saveSettings } from "./save-settings";
import { deriveSecrets, isDerived, SECRET_NAMES, SHORTEST_SECRET } from "./secrets";

export type AppConfigProps = PluginConfigPageProps<AppPluginMeta>;

/** Where the runtime is, and how Grafana shows that requests are its own. */
export default function AppConfig({ plugin }: AppConfigProps) {
  const { enabled, pinned, jsonData, secureJsonFields } = plugin.meta;
  const saved = typeof jsonData?.url === "string" ? jsonData.url : "";
  const areSet = ROLES.every((role) => secureJsonFields?.[SECRET_NAMES[role]] === true);
  const [address, setAddress] = useState(saved);
  const [secrets, setSecrets] = useState(NO_SECRETS);
  const [isReplacing, setReplacing] = useState(!areSet);
  const [isTried, setTried] = useState(false);
  const doing = useDoing();

  const addressProblem = addressFault(keptAddress(address));
  const secretProblems = isReplacing ? faultsOf(secrets) : {};
  const isChanged = keptAddress(address) !== saved || (isReplacing && hasEntry(secrets));
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (addressProblem !== undefined || Object.keys(secretProblems).length > 0) return;
    const isSaved = await doing.run(async () =>
      saveSettings({
        isPinned: pinned === true || enabled !== true,
        jsonData: { ...jsonData, url: keptAddress(address) },
        secrets: isReplacing ? await derivedOf(secrets) : undefined,
      }),
    );
    // What Grafana has of the app's settings comes with its page.
    if (isSaved) window.location.reload();
  };
  return (
    <Stack direction="column" gap={3}>
      <form onSubmit={save} noValidate>
        <FieldSet label="Runtime">
          <Field
            label="Address"
            description="Where Grafana’s server reaches the runtime’s API. Browsers do not go there themselves."
            error={addressProblem}
            invalid={isTried && addressProblem !== undefined}
            required
          >
            <Input
              id="runtime-address"
              type="url"
              width={60}
              className={withinPage}
              placeholder="http://runtime:8420"
              value={address}
              onChange={({ currentTarget }) => setAddress(currentTarget.value)}
            />
          </Field>
        </FieldSet>
        <FieldSet label="Secrets">
          {isReplacing ? (
            <SecretFields
              input={secrets}
              onChange={setSecrets}
              faults={isTried ? secretProblems : {}}
              onKeep={areSet ? () => setReplacing(false) : undefined}
            />
          ) : (
            <Stack alignItems="center" gap={1} wrap="wrap">
              <Text>Set for</Text>
              {ROLES.map((role) => (
                <Badge key={role} color="green" icon="check" text={role} />
              ))}
              <Button type="button" variant="secondary" size="sm" onClick={() => setReplacing(true)}>
                Replace
              </Button>
            </Stack>
          )}
        </FieldSet>
        {doing.error !== undefined && <Problem error={doing.error} title="It could not be saved" />}
        <Button type="submit" disabled={doing.isBusy || (enabled === true && !isChanged)}>
          {enabled === true ? "Save" : "Save and enable"}
        </Button>
      </form>
      {enabled === true && <ConnectionTest isChanged={isChanged} />}
    </Stack>
  );
}

/** What is wrong with the secrets that were entered. */
function faultsOf({ isOne, one, three }: SecretsInput): Partial<Record<Role | "one", string>> {
  if (isOne) {
    return one.trim().length >= SHORTEST_SECRET
      ? {}
      : { one: `The runtime takes none of less than ${SHORTEST_SECRET} characters.` };
  }
  const wrong = ROLES.filter((role) => !isDerived(three[role]));
  return Object.fromEntries(
    wrong.map((role) => [role, "64 hexadecimal digits, as the command prints them."]),
  );
}

function hasEntry({ isOne, one, three }: SecretsInput): boolean {
  return isOne ? one !== "" : ROLES.some((role) => three[role] !== "");
}

async function derivedOf({ isOne, one, three }: SecretsInput): Promise<Readonly<Record<Role, string>>> {
  return isOne ? deriveSecrets(one.trim()) : three;
}
