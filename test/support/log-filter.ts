/** A line of log as Cloud Logging has it under `jsonPayload`. */
export type LogLine = Readonly<Record<string, unknown>>;

const TOKEN = /\s*(?:(\(|\)|AND\b|OR\b)|([\w.]+)(!=|=~|=)"([^"]*)")/y;

type Test = (line: LogLine) => boolean;

/**
 * Cloud Logging's query language, as much of it as our filters use (https://cloud.google.com/logging/docs/view/logging-query-language):
 * comparisons with = and !=, AND, OR, parentheses. A comparison with a field that is not there fails, with != too. What is of
 * the resource holds for every line. Throws on anything else.
 */
export function parseLogFilter(filter: string): Test {
  const tokens = tokensOf(filter);
  let at = 0;
  const either = (): Test => {
    const parts = [both()];
    while (tokens[at]?.word === "OR") {
      at += 1;
      parts.push(both());
    }
    return (line) => parts.some((part) => part(line));
  };
  const both = (): Test => {
    const parts = [one()];
    while (tokens[at]?.word === "AND") {
      at += 1;
      parts.push(one());
    }
    return (line) => parts.every((part) => part(line));
  };
  const one = (): Test => {
    const token = tokens[at++];
    if (token?.word === "(") {
      const inside = either();
      if (tokens[at++]?.word !== ")") throw new Error(`a parenthesis stays open: ${filter}`);
      return inside;
    }
    if (token?.field === undefined) throw new Error(`not a comparison: ${token?.word} in ${filter}`);
    return comparison(token.field, token.operator ?? "", token.value ?? "");
  };
  const whole = either();
  if (at !== tokens.length) throw new Error(`more than a filter: ${filter}`);
  return whole;
}

function tokensOf(filter: string) {
  const tokens: { word?: string; field?: string; operator?: string; value?: string }[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < filter.trimEnd().length) {
    const from = TOKEN.lastIndex;
    const [, word, field = "", operator = "", value = ""] = TOKEN.exec(filter) ?? [];
    if (word === undefined && field === "") throw new Error(`not understood: ${filter.slice(from)}`);
    tokens.push(word === undefined ? { field, operator, value } : { word });
  }
  return tokens;
}

function comparison(field: string, operator: string, value: string): Test {
  const [root, name = "", ...deeper] = field.split(".");
  if (root === "resource") return () => true;
  if (root !== "jsonPayload" || deeper.length > 0) throw new Error(`a field that no line of ours has: ${field}`);
  return (line) => {
    const given = line[name];
    if (given === undefined || given === null) return false;
    return operator === "=" ? String(given) === value : String(given) !== value;
  };
}
