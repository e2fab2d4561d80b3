import { UsageError } from "./cli-error.ts";

/** An option's value as a whole number from 1. */
export function wholeNumber(option: string, given: string | undefined, max: number): number | undefined {
  if (given === undefined) return undefined;
  const number = Number(given);
  if (!/^\d{1,10}$/.test(given) || number < 1 || number > max)
    throw new UsageError(
      `--${option} is a whole number from 1 to ${max.toLocaleString("en")}, and not ${JSON.stringify(given)}`,
    );
  return number;
}
