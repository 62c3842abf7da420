(async () => {
  const part = 100;
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(name, value);
    element.append(...children.filter((child) => child !== ""));
    return element;
  };

  // A link of the menu opens what it leads to.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const fold = target?.querySelector(":scope > details");
    if (fold) fold.open = true;
  };
  addEventListener("hashchange", reveal);
  reveal();

  const list = document.getElementById("list"), controls = document.getElementById("controls");
  if (!list) return;
  const shown = make("span", { class: "quiet", id: "shown" });
  controls.append(shown);
  if (!("DecompressionStream" in globalThis)) {
    shown.textContent = "This browser is too old to unpack the messages; python -m eval errors lists them.";
    return;
  }
  const bytes = Uint8Array.from(atob(document.getElementById("packed").textContent.trim()), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const { runs, dimensions, labels, shown: first, links, messages } = await new Response(stream).json();
  const sideBySide = first === "differing", opening = sideBySide ? 3 : 8;

  // The same words as in the page's matrices, so that a cell of those leads here.
  const pairs = (right, said) => {
    const lost = right.filter((one) => !said.includes(one)), extra = said.filter((one) => !right.includes(one));
    if (!said.length) return lost.map((one) => `${one} → unparseable`);
    if (!extra.length) return lost.map((one) => `${one} → nothing for it`);
    if (!lost.length) return extra.map((one) => `said too much → ${one}`);
    return lost.flatMap((one) => extra.map((other) => `${one} → ${other}`));
  };
  for (const one of messages) {
    const now = one.said.at(-1), said = sideBySide ? one.said : [now];
    one.pairs = new Set(said.flatMap((each) => pairs(one.right, each.labels).map((pair) => `right: ${pair}`)));
    if (first === "flips") for (const pair of pairs(one.said[0].labels, now.labels)) one.pairs.add(`before: ${pair}`);
    one.every = new Set([...one.right, ...one.said.flatMap((each) => each.labels)]);
    one.search = `${one.id} ${one.text} ${[...one.every].join(" ")} ${Object.values(one.slices).join(" ")}`.toLowerCase();
  }

  const views = {
    flips: { "all that flipped": (one) => !["wrong", "as before"].includes(one.kind), "became worse": (one) => one.kind === "worse",
      "became better": (one) => one.kind === "better", "other flips": (one) => one.kind === "other",
      "wrong now": (one) => one.wrong, "flipped or wrong": () => true },
    errors: { "wrong decisions": () => true },
    differing: { "runs differ": (one) => one.differs, "wrong in some run": (one) => one.said.some((each) => each.wrong),
      "wrong in every run": (one) => one.said.every((each) => each.wrong), "all messages": () => true },
  }[first];

  const option = (value, count) => make("option", { value }, count === undefined ? value : `${value} (${count.toLocaleString("en")})`);
  const choice = (id, title, groups) => {
    const select = make("select", { id, "aria-label": title }, ...(title ? [make("option", { value: "" }, title)] : []));
    select.append(...groups);
    return select;
  };
  const counted = (values) => {
    const counts = new Map();
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    return [...counts].sort((one, other) => other[1] - one[1]);
  };
  const view = choice("view", "", Object.entries(views).map(([name, fits]) => option(name, messages.filter(fits).length)));
  const slice = choice("slice", "all slices", dimensions.map((dimension) => make("optgroup", { label: dimension },
    ...counted(messages.map((one) => `${dimension} = ${one.slices[dimension]}`)).map(([value, count]) => option(value, count)))));
  const label = choice("label", "all labels", labels.map((name) => option(name)));
  const found = counted(messages.flatMap((one) => [...one.pairs]));
  const pair = choice("pair", "all confused pairs", ["right", "before"].map((side) => make("optgroup", { label: `${side} → now` },
    ...found.filter(([value]) => value.startsWith(`${side}: `)).map(([value, count]) => make("option", { value }, `${value.slice(side.length + 2)} (${count})`))))
    .filter((group) => group.children.length));
  const search = make("input", { type: "search", id: "search", placeholder: "search text, id, label, slice", "aria-label": "search" });
  controls.prepend(search, ...(Object.keys(views).length > 1 ? [view] : []), slice, label, pair);

  const names = (said) => said.labels.join(", ") || "unusable";
  const reply = (call, again) => [
    make("br"), make("span", { class: "quiet" }, `${again ? "asked again" : "asked"}${call.messages > 1 ? ` with ${call.messages - 1} others` : ""}: `
      + `${call.outcome} · ${call.input_tokens.toLocaleString("en")} tokens in, ${call.output_tokens.toLocaleString("en")} out`
      + `${call.invented ? ` · ${call.invented} slots invented` : ""}`),
    make("pre", {}, `${call.sent}\n${call.reply}`),
  ];
  const told = (name, said) => [make("dt", {}, name), make("dd", {}, make("b", {}, names(said)),
    said.lead === null ? "" : ` · lead ${said.lead.toFixed(2)}`, said.stage ? ` · ${said.stage}` : "", said.status ? ` · ${said.status}` : "",
    ...(said.likeliest ? [make("br"), make("span", { class: "quiet" }, said.likeliest)] : []),
    ...(said.slots ? [make("br"), `slots: ${said.slots}`] : []), ...(said.faults ? [make("br"), make("span", { class: "bad" }, `slots ${said.faults}`)] : []),
    ...(said.calls?.length ? said.calls.flatMap((call, place) => reply(call, place > 0)) : said.reply ? [make("pre", {}, said.reply)] : []))];
  const card = (one) => {
    const gain = one.cost ? ` ${one.cost > 0 ? "+" : "−"}${+Math.abs(one.cost).toFixed(2)}` : "";
    const before = one.said.length > 1 ? `before: ${names(one.said[0])} · ` : "";
    const element = make("details", { class: "message", "data-kind": one.kind }, make("summary", {},
      make("span", { class: `kind ${one.kind}` }, `${one.kind}${gain}`), make("span", { class: "quiet" }, one.slices.lang), make("span", { class: "text", dir: "auto" }, one.text),
      make("span", { class: "labels" }, `right: ${one.right.join(", ")} · ${before}now: ${names(one.said.at(-1))}${one.hard ? ` · ${one.hard}` : ""}`)));
    element.addEventListener("toggle", () => {
      if (element.children.length > 1) return;
      element.append(make("dl", {}, ...one.about.flatMap(([name, value]) => [make("dt", {}, name), make("dd", { dir: "auto" }, value)]),
        make("dt", {}, "message"), make("dd", {}, one.id), make("dt", {}, "right"), make("dd", {}, make("b", {}, one.right.join(", ")), one.slots ? ` · slots: ${one.slots}` : ""),
        ...one.said.flatMap((said, place) => told(runs[place], said))));
    });
    return element;
  };
  const row = (one) => make("tr", {}, make("td", { class: "words", dir: "auto" }, one.text, make("span", { class: "quiet" }, ` ${one.id}`)),
    make("td", { class: "words" }, one.right.join(", "), ...(one.slots ? [make("span", { class: "slots" }, one.slots)] : [])),
    ...one.said.map((said) => make("td", { class: "words" }, make("span", { class: names(said) === one.right.join(", ") ? "" : "bad" }, names(said)), said.status ? ` (${said.status})` : "",
      said.faults ? make("span", { class: "slots bad" }, said.faults) : said.slots ? make("span", { class: "slots" }, said.slots) : "")));

  const body = sideBySide ? make("tbody") : list;
  if (sideBySide) list.append(make("table", {}, make("thead", {}, make("tr", {}, make("th", {}, "message"), make("th", { class: "words" }, "right"),
    ...runs.map((name, place) => make("th", { class: "words" }, links[place] ? make("a", { href: links[place] }, name) : name)))), body));
  const more = make("button", { type: "button" }, "show more");
  list.after(more);
  let fitting = [], drawn = 0;
  const draw = () => {
    const most = drawn ? part : opening;
    body.append(...fitting.slice(drawn, drawn + most).map(sideBySide ? row : card));
    drawn = Math.min(drawn + most, fitting.length);
    more.hidden = drawn === fitting.length;
    shown.textContent = `${fitting.length.toLocaleString("en")} of ${messages.length.toLocaleString("en")} shown`;
  };
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const [dimension, value] = slice.value.split(" = ");
    fitting = messages.filter((one) => views[view.value](one) && (!dimension || one.slices[dimension] === value)
      && (!label.value || one.every.has(label.value)) && (!pair.value || one.pairs.has(pair.value)) && words.every((word) => one.search.includes(word)));
    body.replaceChildren();
    drawn = 0;
    draw();
  };
  more.addEventListener("click", draw);
  for (const control of [search, view, slice, label, pair]) control.addEventListener("input", filter);
  const everything = () => { view.value = Object.keys(views).at(-1); for (const one of [slice, label, pair]) one.value = ""; };
  for (const cell of document.querySelectorAll("td[data-pair]")) cell.addEventListener("click", () => {
    everything();
    pair.value = cell.dataset.pair;
    filter();
    location.hash = "messages";
  });
  const linked = () => {
    if (!location.hash.startsWith("#message-")) return;
    everything();
    search.value = decodeURIComponent(location.hash.slice(9));
    filter();
    if (body.firstElementChild?.tagName === "DETAILS") body.firstElementChild.open = true;
    list.scrollIntoView();
  };
  addEventListener("hashchange", linked);
  filter();
  linked();
})();
