// Renders /openapi.json. Every text goes in by textContent, so nothing in it can become markup.
"use strict";

const verbs = ["get", "post", "put", "delete"];

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  for (const child of children) {
    if (child === null || child === undefined) continue;
    node.append(typeof child === "object" ? child : document.createTextNode(String(child)));
  }
  return node;
}

function table(heads, rows) {
  return el("table", {},
    el("thead", {}, el("tr", {}, ...heads.map((h) => el("th", {}, h)))),
    el("tbody", {}, ...rows.map((cells) => el("tr", {}, ...cells.map((c) => el("td", {}, c))))));
}

// The type of a schema in one line; names of other schemas are links.
function type(schema) {
  if (!schema || Object.keys(schema).length === 0) return el("span", {}, "any");
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return el("a", { href: "#schema-" + name }, name);
  }
  if (schema.anyOf) {
    const span = el("span", {});
    schema.anyOf.forEach((s, i) => span.append(i ? " or " : "", type(s)));
    return span;
  }
  if (schema.type === "array") return el("span", {}, "list of ", type(schema.items));
  if (schema.enum) return el("span", {}, schema.enum.map((v) => JSON.stringify(v)).join(" | "));
  let text = [].concat(schema.type || "any").join(" or ");
  if (schema.format) text += " (" + schema.format + ")";
  if (schema.pattern) text += " " + schema.pattern;
  if (schema.minimum !== undefined) text += " ≥ " + schema.minimum;
  if (schema.maximum !== undefined) text += " ≤ " + schema.maximum;
  if (schema.maxLength !== undefined) text += " of at most " + schema.maxLength + " characters";
  if (schema.default !== undefined) text += ", default " + JSON.stringify(schema.default);
  return el("span", {}, text);
}

// One row for each property, those of inner objects below with their path.
function properties(schema, prefix) {
  const rows = [];
  for (const [name, inner] of Object.entries(schema.properties || {})) {
    const required = (schema.required || []).includes(name);
    rows.push([el("code", {}, prefix + name + (required ? " *" : "")), type(inner), inner.description || ""]);
    if (inner.properties) rows.push(...properties(inner, prefix + name + "."));
    if (inner.items && inner.items.properties) rows.push(...properties(inner.items, prefix + name + "[]."));
  }
  return rows;
}

function schemaSection(name, schema) {
  const rows = properties(schema, "");
  const section = el("section", {}, el("h3", { id: "schema-" + name }, name));
  if (schema.description) section.append(el("p", {}, schema.description));
  section.append(rows.length ? table(["Key (* required)", "Type", ""], rows) : el("p", {}, type(schema)));
  for (const example of schema.examples || []) section.append(el("pre", {}, JSON.stringify(example, null, 2)));
  return section;
}

function operation(path, verb, op) {
  const body = el("div", {});
  if (op.description) body.append(el("p", {}, op.description));
  if (op.parameters.length) {
    body.append(el("h4", {}, "Parameters"), table(["Name", "In", "Type", ""], op.parameters.map((p) => [
      el("code", {}, p.name + (p.required ? " *" : "")), p.in, type(p.schema), p.description || ""])));
  }
  if (op.requestBody) {
    body.append(el("h4", {}, "Body"), el("p", {}, type(op.requestBody.content["application/json"].schema),
      op.requestBody.required ? "" : " (may be left out)"));
  }
  const rows = Object.entries(op.responses).map(([status, answer]) => {
    const [media, content] = Object.entries(answer.content || {})[0] || ["", null];
    return [el("code", {}, status), answer.description, el("code", {}, media), content ? type(content.schema) : ""];
  });
  body.append(el("h4", {}, "Answers"), table(["Status", "", "Media type", "Body"], rows));
  return el("details", { id: op.operationId },
    el("summary", {}, el("span", { class: "verb " + verb }, verb.toUpperCase()), el("span", { class: "path" }, path),
      el("span", { class: "tag" }, op["x-permission"] || "public"), el("div", {}, op.summary)),
    body);
}

function render(doc) {
  const page = el("div", {}, el("h1", {}, doc.info.title + " API ", el("small", {}, doc.info.version)),
    el("p", {}, doc.info.description));
  const menu = el("div", {});
  for (const { name: tag } of doc.tags) {
    menu.append(el("div", { class: "group" }, tag));
    page.append(el("h2", {}, tag));
    for (const [path, item] of Object.entries(doc.paths)) {
      for (const verb of verbs) {
        const op = item[verb];
        if (!op || !op.tags.includes(tag)) continue;
        menu.append(el("a", { href: "#" + op.operationId }, op.summary));
        page.append(operation(path, verb, op));
      }
    }
  }
  menu.append(el("div", { class: "group" }, "reference"), el("a", { href: "#schemas" }, "Schemas"),
    el("a", { href: "#faults" }, "Error codes"));
  page.append(el("h2", { id: "schemas" }, "Schemas"));
  for (const [name, schema] of Object.entries(doc.components.schemas)) page.append(schemaSection(name, schema));
  page.append(el("h2", { id: "faults" }, "Error codes"));
  for (const f of doc["x-faults"]) {
    page.append(el("section", {}, el("h3", { id: f.code }, el("code", {}, f.code), el("span", { class: "tag" }, f.status)),
      el("p", {}, f.what), el("p", {}, f.do)));
  }
  document.getElementById("menu").replaceChildren(menu);
  document.getElementById("page").replaceChildren(page);
}

// Opens and shows what the address points at; the page is made after the browser looked for it.
function jump() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))
    || (location.pathname.startsWith("/docs/errors") ? document.getElementById("faults") : null);
  if (!target) return;
  if (target.tagName === "DETAILS") target.open = true;
  target.scrollIntoView();
}

fetch("/openapi.json")
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error("HTTP status " + answer.status))))
  .then((doc) => { render(doc); jump(); window.addEventListener("hashchange", jump); })
  .catch((e) => {
    document.getElementById("page").replaceChildren(el("p", {}, "/openapi.json cannot be read: " + e.message));
  });
