import { expect, test } from "vitest";
import { html, trusted } from "./html.ts";

test("html escapes insertions, in text and in attributes", () => {
  const name = `<b a="1">&'`;
  expect(html`<i title="${name}">${name}</i>`.text).toBe(
    '<i title="&lt;b a=&quot;1&quot;&gt;&amp;&#39;">&lt;b a=&quot;1&quot;&gt;&amp;&#39;</i>',
  );
});

test("html inserts markup and lists of it as they stand", () => {
  expect(html`<ul>${["a", "<"].map((item) => html`<li>${item}</li>`)}</ul>`.text).toBe(
    "<ul><li>a</li><li>&lt;</li></ul>",
  );
  expect(html`${trusted("<hr>")}${0}`.text).toBe("<hr>0");
});
