/** A piece of HTML that is safe to put into a page: only `html` makes one. */
export class Markup {
  readonly #text: string;

  constructor(strings: TemplateStringsArray, values: readonly Fragment[]) {
    this.#text = strings.reduce((text, literal, index) => text + markupOf(values[index - 1]) + literal);
  }

  toString(): string {
    return this.#text;
  }
}

/** What may stand in a template: text is escaped, markup is not, nothing is nothing. */
export type Fragment = Markup | readonly Markup[] | string | number | false | undefined;

/** Markup with every value escaped for text and for quoted attributes. */
export function html(strings: TemplateStringsArray, ...values: readonly Fragment[]): Markup {
  return new Markup(strings, values);
}

function markupOf(value: Fragment): string {
  if (value === undefined || value === false) return "";
  if (value instanceof Markup) return value.toString();
  if (typeof value === "object") return value.join("");
  return String(value).replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
