"use strict";
const form = document.getElementById("try");
const answer = document.getElementById("answer");
const raw = document.getElementById("raw");
const sent = document.getElementById("sent");
const button = form.querySelector("button.act");

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// What was typed, as JSON. Numbers are sent as they were typed, so that no digit of a long one is lost.
function body() {
  const parts = [];
  for (const field of form.querySelectorAll("[data-kind]")) {
    if (field.value === "") continue;
    const kind = field.dataset.kind;
    const text = field.value.trim();
    const number = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text);
    const plain = kind === "bool" || ((kind === "int" || kind === "float") && number);
    parts.push(JSON.stringify(field.name) + ": " + (plain ? text : JSON.stringify(field.value)));
  }
  return "{\n  " + parts.join(",\n  ") + "\n}";
}

function shown(value) {
  return typeof value === "number" && !Number.isInteger(value) ? value.toPrecision(5) : String(value);
}

function bars(rows, signed) {
  const list = element("ul", undefined, "bars");
  const most = Math.max(...rows.map((row) => Math.abs(row[1])), 1e-12);
  for (const [name, exact] of rows) {
    const value = Math.abs(exact) < most * 1e-9 ? 0 : exact;
    const item = element("li");
    const bar = element("i", undefined, value < 0 ? "less" : "");
    bar.style.setProperty("width", (100 * Math.abs(value)) / (signed ? most : 1) + "%");
    item.append(element("span", name), bar, element("b", (signed && value > 0 ? "+" : "") + shown(value)));
    list.append(item);
  }
  return list;
}

function explained(said) {
  const told = said.explanation;
  const single = Object.values(told.contributions).every((value) => typeof value === "number");
  if (!single) return [];
  const rows = Object.entries(told.contributions).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  const scale = told.scale.replace("_", " ");
  return [element("p", `Why: from ${shown(told.base_value)} (${scale}), each feature adds`, "under"), bars(rows, true)];
}

function predicted(said, seconds) {
  const parts = [element("h3", "Prediction"), element("p", shown(said.prediction), "big")];
  const under = typeof said.score === "number" ? `score ${shown(said.score)} · ` : "";
  parts.push(element("p", `${under}${said.arm} · version ${said.version.slice(0, 12)} · ${seconds} ms`, "under"));
  if (said.fallback_from) parts.push(element("p", `in place of ${said.fallback_from}, which failed`, "under"));
  if (said.flags) parts.push(element("p", "let pass: " + said.flags.join(", "), "under"));
  if (said.probabilities) {
    const classes = JSON.parse(form.dataset.classes);
    parts.push(bars(said.probabilities.map((share, n) => [String(classes[n]), share]), false));
  }
  if (said.explanation) parts.push(...explained(said));
  return parts;
}

function refused(status, said) {
  for (const breach of (said.context && said.context.breaches) || []) {
    const field = [...form.querySelectorAll("[data-kind]")].find((one) => one.name === breach.field);
    if (field) field.setAttribute("aria-invalid", "true");
  }
  const breaches = ((said.context && said.context.breaches) || []).map((b) => `${b.field}: ${b.expected}`);
  const why = breaches.length ? breaches : [said.why, said.fix].filter(Boolean);
  return [
    element("h3", `Refused (${status}${said.code ? ", " + said.code : ""})`),
    element("p", said.what || "no answer", "big"),
    ...why.map((line) => element("p", line, "under")),
  ];
}

async function ask(event) {
  event.preventDefault();
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  button.disabled = true;
  const text = body();
  const explain = document.getElementById("explain").checked ? "?explain=true" : "";
  const started = performance.now();
  let status = 0;
  let said;
  try {
    const response = await fetch(form.action + explain, {
      method: "POST", headers: { "content-type": "application/json" }, body: text,
    });
    status = response.status;
    said = await response.json();
  } catch (error) {
    said = { what: "The server did not answer.", why: String(error) };
  }
  const seconds = (performance.now() - started).toFixed(1);
  answer.classList.toggle("refused", status !== 200);
  answer.replaceChildren(...(status === 200 ? predicted(said, seconds) : refused(status || "no answer", said)));
  sent.textContent = text;
  raw.textContent = JSON.stringify(said, null, 2);
  document.getElementById("wire").hidden = false;
  button.disabled = false;
}

form.addEventListener("submit", ask);
