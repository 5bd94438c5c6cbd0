import { Alert, Button, ClipboardButton, Field, Input, RadioButtonGroup, Stack, Text } from "@grafana/ui";
import { ROLES, type Role } from "../api/role";
import { withinPage } from "../components/within-page";
import { canDerive, DERIVING_COMMAND, SHORTEST_SECRET } from "./secrets";

/** What is entered of the secrets. */
export interface SecretsInput {
  /** Whether the runtime's secret is given, of which the three are made; else the three are. */
  readonly isOne: boolean;
  readonly one: string;
  readonly three: Readonly<Record<Role, string>>;
}

export const NO_SECRETS: SecretsInput = {
  isOne: canDerive(),
  one: "",
  three: { viewer: "", editor: "", admin: "" },
};

interface SecretFieldsProps {
  readonly input: SecretsInput;
  readonly onChange: (input: SecretsInput) => void;
  /** What is wrong, by role; `one` for the runtime's secret. */
  readonly faults: Readonly<Partial<Record<Role | "one", string>>>;
  /** Undefined: there are none that could stay. */
  readonly onKeep: (() => void) | undefined;
}

const WAYS = [
  { value: true, label: "The runtime’s secret" },
  { value: false, label: "Three derived values" },
];

/** Enter the runtime's secret once, or the values that are made of it. */
export function SecretFields({ input, onChange, faults, onKeep }: SecretFieldsProps) {
  return (
    <Stack direction="column" gap={2}>
      {canDerive() ? (
        <Field label="What you paste" noMargin>
          <RadioButtonGroup
            aria-label="What you paste"
            options={WAYS}
            value={input.isOne}
            onChange={(isOne) => onChange({ ...input, isOne })}
          />
        </Field>
      ) : (
        <Alert severity="info" title="This browser derives no secrets on this page">
          It does so only on pages over https and from localhost. Derive the three values where the runtime’s
          secret is known, and paste them; or open this page in one of these ways.
        </Alert>
      )}
      {input.isOne ? (
        <Field
          noMargin
          label="GAUGELET_GRAFANA_SECRET"
          description="Three secrets are made of it here in the browser, one for each role. Only these are saved."
          error={faults.one}
          invalid={faults.one !== undefined}
        >
          <Input
            id="grafana-secret"
            type="password"
            autoComplete="off"
            width={60}
            className={withinPage}
            placeholder={`at least ${SHORTEST_SECRET} characters, as in the runtime’s environment`}
            value={input.one}
            onChange={({ currentTarget }) => onChange({ ...input, one: currentTarget.value })}
          />
        </Field>
      ) : (
        <>
          <Command />
          {ROLES.map((role) => (
            <Field
              key={role}
              noMargin
              label={`Secret of the route of ${role}`}
              error={faults[role]}
              invalid={faults[role] !== undefined}
            >
              <Input
                id={`${role}-secret`}
                type="password"
                autoComplete="off"
                width={80}
                className={withinPage}
                placeholder="64 digits and letters from a to f"
                value={input.three[role]}
                onChange={({ currentTarget }) =>
                  onChange({ ...input, three: { ...input.three, [role]: currentTarget.value.trim() } })
                }
              />
            </Field>
          ))}
        </>
      )}
      {onKeep !== undefined && (
        <Button type="button" variant="secondary" onClick={onKeep} style={{ alignSelf: "flex-start" }}>
          Keep those that are set
        </Button>
      )}
    </Stack>
  );
}

function Command() {
  return (
    <Stack direction="column" gap={1} alignItems="flex-start">
      <Text element="p">
        This prints the three, where GAUGELET_GRAFANA_SECRET is set as it is for the runtime:
      </Text>
      <pre style={{ margin: 0 }}>{DERIVING_COMMAND}</pre>
      <ClipboardButton
        size="sm"
        variant="secondary"
        icon="copy"
        type="button"
        getText={() => DERIVING_COMMAND}
      >
        Copy the command
      </ClipboardButton>
    </Stack>
  );
}
