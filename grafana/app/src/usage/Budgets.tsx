import { Button, ConfirmModal, EmptyState, Stack, Text } from "@grafana/ui";
import { useState } from "react";
import { ask } from "../api/client";
import { mayAs } from "../api/role";
import type { Answer, Budget } from "../api/types";
import { useAsk } from "../api/use-ask";
import { Columns } from "../components/Columns";
import { money } from "../components/format";
import { Loaded } from "../components/Loaded";
import { Problem } from "../components/Problem";
import { useDoing } from "../components/use-doing";
import { BudgetCard } from "./BudgetCard";
import { BudgetForm } from "./BudgetForm";
import { percentText } from "./budget-input";
import type { Prices } from "./types";

/** What owners may spend in a month, and how far they are. */
export function Budgets() {
  const asked = useAsk<Answer<"listBudgets">>("/budgets", {}, 30);
  const prices = useAsk<Prices>("/prices");
  const isAdmin = mayAs("admin");
  const [edited, setEdited] = useState<Budget | "new">();
  const [deleted, setDeleted] = useState<Budget>();
  const doing = useDoing();
  const drop = async ({ owner }: Budget) => {
    setDeleted(undefined);
    await doing.run(
      () => ask("DELETE", `/budgets/${encodeURIComponent(owner)}`),
      `${owner} has no budget any more`,
    );
    asked.reload();
  };
  return (
    <Stack direction="column" gap={2}>
      <Stack justifyContent="space-between" alignItems="center" gap={2}>
        <Text element="p" color="secondary">
          What an owner may spend in a month, after the free tier. A hard budget lets no call begin once it is
          spent; events wait until the next month, or until the budget is raised.
        </Text>
        {isAdmin && (
          <Button icon="plus" style={{ flexShrink: 0 }} onClick={() => setEdited("new")}>
            Set a budget
          </Button>
        )}
      </Stack>
      {doing.error !== undefined && <Problem error={doing.error} />}
      <Loaded asked={asked}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState
              variant="completed"
              message={
                isAdmin
                  ? "Nobody has a budget, so nothing bounds what is spent"
                  : "You have no budget, so nothing bounds what you spend"
              }
            />
          ) : (
            <Columns minWidth={44} gap={2}>
              {items.map((budget) => (
                <BudgetCard
                  key={budget.owner}
                  budget={budget}
                  onEdit={isAdmin ? () => setEdited(budget) : undefined}
                  onDelete={isAdmin ? () => setDeleted(budget) : undefined}
                />
              ))}
            </Columns>
          )
        }
      </Loaded>
      {edited !== undefined && (
        <BudgetForm
          budget={edited === "new" ? undefined : edited}
          known={asked.data?.items ?? []}
          currency={prices.data?.currency ?? ""}
          onClose={() => setEdited(undefined)}
          onSet={() => {
            setEdited(undefined);
            asked.reload();
          }}
        />
      )}
      {deleted !== undefined && (
        <ConfirmModal
          isOpen
          title={`Delete the budget of ${deleted.owner}`}
          body={`${deleted.owner} may then spend without a bound, and what waited for the budget goes on at once.`}
          description={`To undo it, set it again: ${describe(deleted)}.`}
          confirmText="Delete"
          onConfirm={() => drop(deleted)}
          onDismiss={() => setDeleted(undefined)}
        />
      )}
    </Stack>
  );
}

/** What has to be entered to have it again. */
function describe({ amount, currency, warnAt, isHard }: Budget): string {
  const hard = isHard ? ", with calls refused once it is spent" : "";
  return `${money(amount, currency)}, with a warning at ${percentText(warnAt)} %${hard}`;
}
