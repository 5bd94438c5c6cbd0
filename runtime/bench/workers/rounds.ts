import { quantile } from "@gaugelet/testing/bench";

/**
 * Measure each contender in turn, several rounds: a machine that is busy for a while is so for all of them. Every
 * other round goes the other way round: none is always measured after the same one.
 *
 * @returns for each contender its measurements, round by round.
 */
export async function inRounds<Name extends string, Value>(
  rounds: number,
  contenders: Readonly<Record<Name, () => Promise<Value>>>,
): Promise<Record<Name, Value[]>> {
  const names = Object.keys(contenders) as Name[];
  const measured = Object.fromEntries(names.map((name) => [name, [] as Value[]])) as Record<Name, Value[]>;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      measured[name].push(await contenders[name]());
    }
  }
  return measured;
}

/**
 * One figure of a contender against another one's of the same round, the median over the rounds: the machine may be
 * half as fast a minute later, and that is no difference between the two.
 */
export function medianRatio<Value>(
  values: readonly Value[],
  others: readonly Value[],
  figure: (value: Value) => number,
): number {
  const ratios = values.map((value, round) => figure(value) / figure(others[round] as Value));
  return quantile(ratios, 0.5);
}

/** The median of one figure over the rounds. */
export function median<Value>(values: readonly Value[], figure: (value: Value) => number): number {
  return quantile(values.map(figure), 0.5);
}
