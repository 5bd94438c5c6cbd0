import { Cron, type CronOptions } from "croner";

/**
 * When a schedule ticks: a cron expression of five or six fields, or one of its names, such as `@daily`. What would end
 * some day, a year or a date, is none: a function that is right today would be wrong after it.
 *
 * @throws Error that says what is wrong with it.
 */
export function cronOf(expression: string, timeZone: string, tick?: () => void): Cron {
  const fields = expression.trim().split(/\s+/).length;
  if (!expression.startsWith("@") && fields !== 5 && fields !== 6)
    throw new Error(`it has ${fields === 1 ? "1 field" : `${fields} fields`}, not five or six`);
  const options: CronOptions = { mode: "5-or-6-parts", timezone: timeZone, paused: tick === undefined };
  return new Cron(expression, options, tick);
}
