import { Button, Checkbox, ConfirmModal, Field, Input, Modal } from "@grafana/ui";
import { type FormEvent, useState } from "react";
import { ask } from "../api/client";
import type { Budget } from "../api/types";
import { money } from "../components/format";
import { Problem } from "../components/Problem";
import { useDoing } from "../components/use-doing";
import { type BudgetInput, budgetBody, faultsOf, percentText } from "./budget-input";
import { compareDecimals } from "./decimals";
import { currentMonth } from "./months";
import type { Bill } from "./types";

interface BudgetFormProps {
  /** What is changed; undefined: a new one. */
  readonly budget: Budget | undefined;
  /** Those that there are. */
  readonly known: readonly Budget[];
  readonly currency: string;
  readonly onClose: () => void;
  readonly onSet: () => void;
}

/** Give an owner a budget, or change it. Where that stops calls at once, it is asked first. */
export function BudgetForm({ budget, known, currency, onClose, onSet }: BudgetFormProps) {
  const [input, setInput] = useState<BudgetInput>(inputOf(budget));
  const [isTried, setTried] = useState(false);
  const [isAsked, setAsked] = useState(false);
  const doing = useDoing();
  const taken = budget === undefined ? known.map(({ owner }) => owner) : [];
  const faults = faultsOf(input, taken);
  const shown = isTried ? faults : {};
  const set = (change: Partial<BudgetInput>) => setInput((last) => ({ ...last, ...change }));
  const save = async () => {
    setAsked(false);
    const path = `/budgets/${encodeURIComponent(input.owner)}`;
    const isSet = await doing.run(
      () => ask("PUT", path, { body: budgetBody(input) }),
      `The budget of ${input.owner} is set`,
    );
    if (isSet) onSet();
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(faults).length > 0) return;
    let stopsCalls = false;
    const isKnown = await doing.run(async () => {
      if (!input.isHard) return;
      stopsCalls = compareDecimals(input.amount, budget?.spent ?? (await spentBy(input.owner))) <= 0;
    });
    if (!isKnown) return;
    if (stopsCalls) setAsked(true);
    else await save();
  };
  return (
    <>
      <Modal
        isOpen={!isAsked}
        title={budget === undefined ? "Set a budget" : `Budget of ${budget.owner}`}
        onDismiss={onClose}
      >
        <form onSubmit={submit} noValidate>
          {budget === undefined && (
            <Field
              label="Owner"
              description="A login, as the owner of functions."
              error={shown.owner}
              invalid={shown.owner !== undefined}
              required
            >
              <Input
                id="budget-owner"
                value={input.owner}
                onChange={({ currentTarget }) => set({ owner: currentTarget.value.trim() })}
              />
            </Field>
          )}
          <Field
            label="Amount"
            description="What may be spent in each month, after the free tier."
            error={shown.amount}
            invalid={shown.amount !== undefined}
            required
          >
            <Input
              id="budget-amount"
              inputMode="decimal"
              width={24}
              suffix={currency}
              value={input.amount}
              onChange={({ currentTarget }) => set({ amount: currentTarget.value.trim() })}
            />
          </Field>
          <Field
            label="Warn at"
            description="Share of it at which an alert warns."
            error={shown.warnAt}
            invalid={shown.warnAt !== undefined}
            required
          >
            <Input
              id="budget-warn-at"
              inputMode="decimal"
              width={24}
              suffix="%"
              value={input.warnAt}
              onChange={({ currentTarget }) => set({ warnAt: currentTarget.value.trim() })}
            />
          </Field>
          <Field noMargin>
            <Checkbox
              id="budget-hard"
              label="Refuse calls once it is spent"
              description="Calls are answered with 429 and events wait. Else an alert fires, and no more."
              value={input.isHard}
              onChange={({ currentTarget }) => set({ isHard: currentTarget.checked })}
            />
          </Field>
          {doing.error !== undefined && <Problem error={doing.error} />}
          <Modal.ButtonRow>
            <Button variant="secondary" fill="outline" type="button" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" disabled={doing.isBusy}>
              Set budget
            </Button>
          </Modal.ButtonRow>
        </form>
      </Modal>
      <ConfirmModal
        isOpen={isAsked}
        title={`Stop the functions of ${input.owner}?`}
        body={`${money(input.amount, currency)} are spent already: their calls are refused, and their events wait, at once.`}
        description="They go on when the next month begins, or when the budget is raised or deleted."
        confirmText="Set budget"
        onConfirm={save}
        onDismiss={() => setAsked(false)}
      />
    </>
  );
}

function inputOf(budget: Budget | undefined): BudgetInput {
  if (budget === undefined) return { owner: "", amount: "", warnAt: "80", isHard: false };
  const { owner, amount, warnAt, isHard } = budget;
  return { owner, amount, warnAt: percentText(warnAt), isHard };
}

/** What an owner without a budget has spent in this month, after the free tier. */
async function spentBy(owner: string): Promise<string> {
  const { items } = await ask<{ items: Bill[] }>("GET", `/bills/${currentMonth()}`, { query: { owner } });
  return items[0]?.exactTotal ?? "0";
}
