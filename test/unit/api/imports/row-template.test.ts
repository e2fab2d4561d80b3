import assert from "node:assert/strict";
import { test } from "node:test";
import { compileTemplate } from "@draftmill/api/imports/row-template.ts";
import { DraftError } from "@draftmill/shared/errors.ts";

function rendered(template: object, values: Readonly<Record<string, unknown>>) {
  const result = compileTemplate(template).render(values);
  return "texts" in result
    ? result.texts
    : result.problems.map(({ pointer, code, detail }) => `${pointer} ${code} ${detail}`);
}

test("a field stands as it is in subject and message, and escaped in html", () => {
  const text = "a {{ name }} z";
  assert.deepEqual(rendered({ subject: text, message: text, html: text }, { name: `<b>"Ada" & 'co'</b>` }), {
    subject: `a <b>"Ada" & 'co'</b> z`,
    message: `a <b>"Ada" & 'co'</b> z`,
    html: "a &lt;b&gt;&quot;Ada&quot; &amp; &#39;co&#39;&lt;/b&gt; z",
  });
});

test("a column's name is written as Liquid can: First Name is first_name", () => {
  assert.deepEqual(
    rendered(
      { subject: "{{ first_name }} {{ e_mail }} {{ größe }}" },
      { "First Name": "Ada", "E-Mail": "a@b", Größe: 3 },
    ),
    {
      subject: "Ada a@b 3",
    },
  );
});

for (const [what, template, values] of [
  ["that is unknown", "{{ nmae }}", { name: "Ada" }],
  ["that is empty", "{{ name }}", { name: "" }],
  ["that is blank", "{{ name }}", { name: " \t" }],
  ["that is null", "{{ name }}", { name: null }],
  ["that every object has", "{{ constructor }}", { name: "Ada" }],
  ["in the prototype", "{{ name.__proto__ }}", { name: {} }],
] as const) {
  test(`a field ${what} is an error of its row, unless the template has a default`, () => {
    const told = rendered({ subject: template, html: "fine" }, values);
    assert.ok(Array.isArray(told) && told.length === 1, JSON.stringify(told));
    assert.match(told[0] ?? "", /^\/template\/subject mergeField .*line:1/);
    const withDefault = template.replace(" }}", ' | default: "friend" }}');
    assert.deepEqual(rendered({ subject: withDefault }, values), { subject: "friend" });
  });
}

test("what is wrong with a row is told without a word of the row", () => {
  const told = rendered({ message: "{{ secret }} {{ gone }}" }, { secret: "kanarienvogel" });
  assert.doesNotMatch(JSON.stringify(told), /kanarienvogel/);
});

test("it may choose", () => {
  const subject = '{% if plan == "Gold" %}Dear {{ name }}{% else %}Hello{% endif %}';
  assert.deepEqual(rendered({ subject }, { plan: "Gold", name: "Ada" }), { subject: "Dear Ada" });
  assert.deepEqual(rendered({ subject }, { plan: "Silver", name: "" }), { subject: "Hello" });
});

for (const text of [
  "{% for i in (1..9) %}x{% endfor %}",
  "{% include 'a' %}",
  "{% render 'a' %}",
  "{% layout 'a' %}",
  "{% assign a = 1 %}",
  "{% tablerow i in a %}{% endtablerow %}",
  "{{ a",
  "{% if a %}",
  "{{ a | nofilter }}",
]) {
  test(`${text} is no template`, () => {
    assert.throws(
      () => compileTemplate({ message: text }),
      (error) =>
        error instanceof DraftError &&
        error.code === "IMPORT_INVALID" &&
        error.fields[0]?.pointer === "/template/message",
    );
  });
}
