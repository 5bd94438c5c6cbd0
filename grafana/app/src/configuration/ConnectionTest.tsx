import { Alert, Button, Icon, Stack, Text } from "@grafana/ui";
import { useState } from "react";
import { type ApiError, ask } from "../api/client";
import { currentRole, ROLES, type Role } from "../api/role";
import { explainAnswer, explainError, type Finding } from "./explain";

/** The runtime remembers for 5 seconds who somebody is. */
const FORGOTTEN_MILLISECONDS = 6_000;

/** Asks the API over the route of each role, as the pages will, and says what is wrong. */
export function ConnectionTest({ isChanged }: { isChanged: boolean }) {
  const [findings, setFindings] = useState<readonly (Finding & { role: Role })[]>();
  const [isBusy, setBusy] = useState(false);
  const test = async () => {
    setBusy(true);
    const found: (Finding & { role: Role })[] = [];
    for (const role of ROLES) found.push({ role, ...(await tryRoute(role)) });
    setFindings(found);
    setBusy(false);
    giveRoleBack();
  };
  return (
    <Stack direction="column" gap={2} alignItems="flex-start">
      <Stack alignItems="center" gap={2} wrap="wrap">
        <Button
          type="button"
          variant="secondary"
          icon={isBusy ? "spinner" : "sync"}
          disabled={isBusy}
          onClick={test}
        >
          Test the connection
        </Button>
        <Text color="secondary">
          {isChanged
            ? "It is tested as it was saved, without what you have changed since."
            : "Asks the runtime who you are, over the route of each role."}
        </Text>
      </Stack>
      {findings !== undefined && <Findings findings={findings} />}
    </Stack>
  );
}

function Findings({ findings }: { findings: readonly (Finding & { role: Role })[] }) {
  const [first] = findings;
  if (findings.every(({ isOk }) => isOk)) {
    return (
      <Alert severity="success" title="The runtime answers, and knows you in every role">
        {findings.map(({ role, title }) => (
          <div key={role}>
            Route of {role}: {title}.
          </div>
        ))}
      </Alert>
    );
  }
  if (
    first !== undefined &&
    findings.every(({ title, advice }) => title === first.title && advice === first.advice)
  ) {
    return (
      <Alert severity="error" title={first.title}>
        {first.advice}
      </Alert>
    );
  }
  return (
    <Stack direction="column" gap={1}>
      {findings.map(({ role, isOk, title, advice }) =>
        isOk ? (
          <Text key={role} element="p" color="success">
            <Icon name="check" /> Route of {role}: {title}.
          </Text>
        ) : (
          <Alert key={role} severity="error" title={`Route of ${role}: ${title}`}>
            {advice}
          </Alert>
        ),
      )}
    </Stack>
  );
}

async function tryRoute(role: Role): Promise<Finding> {
  try {
    return explainAnswer(role, await ask<unknown>("GET", "/me", { role }));
  } catch (error) {
    return explainError(error as ApiError);
  }
}

/**
 * To the runtime a visitor's role is that of the last visit which it did not remember, for their tokens too: after the
 * test that may be a lower one, until somebody's own route is taken again.
 */
function giveRoleBack(): void {
  setTimeout(() => void tryRoute(currentRole()), FORGOTTEN_MILLISECONDS);
}
