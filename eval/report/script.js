(() => {
  const messages = [...document.querySelectorAll("details.message")];
  const search = document.getElementById("search"), kind = document.getElementById("kind"), lang = document.getElementById("lang");
  const shown = document.getElementById("shown");
  if (!search) return;
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const one of messages) {
      const fits = (!kind.value || one.dataset.kind === kind.value) && (!lang.value || one.dataset.lang === lang.value)
        && words.every((word) => one.dataset.search.includes(word));
      one.hidden = !fits;
      count += fits;
    }
    shown.textContent = `${count} of ${messages.length} shown`;
  };
  for (const control of [search, kind, lang]) control.addEventListener("input", filter);
  filter();
})();
