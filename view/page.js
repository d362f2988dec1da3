// Draws a page's figures, and keeps them in the colours of its theme.
(() => {
  const root = document.documentElement;
  const palettes = JSON.parse(document.getElementById("palette").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const KEY = "somagate-theme";
  function theme() {
    return root.dataset.theme || (dark.matches ? "dark" : "light");
  }

  // A model says in a tag what each of its colours is for.
  function paint() {
    if (!window.Bokeh) return;
    root.dataset.painted = theme();  // printed dark figures are turned around by the style sheet
    const colours = palettes[theme() === "dark" ? 1 : 0];
    for (const doc of Bokeh.documents) {
      for (const model of doc.all_models) {
        const tag = (model.tags || []).find((one) => one && (one.theme || one.get?.("theme")));
        if (!tag) continue;
        const roles = tag.theme || tag.get("theme");
        const pairs = roles instanceof Map ? [...roles] : Object.entries(roles);
        const wanted = {};
        for (const [name, role] of pairs) {
          const now = model[name];
          const old = now && typeof now === "object" && "value" in now ? now.value : now;
          if (String(old) !== String(colours[role])) wanted[name] = colours[role];
        }
        // A server, where there is one, need not know: colours are a matter of this browser.
        if (Object.keys(wanted).length) model.setv(wanted, { sync: false });
      }
    }
  }

  function keep(value) {
    try {
      if (value) localStorage.setItem(KEY, value);
      else localStorage.removeItem(KEY);
    } catch { /* a page from a file may have no storage: the theme holds until it is closed */ }
  }

  function kept() {
    try { return localStorage.getItem(KEY) || ""; } catch { return ""; }
  }

  function choose(value) {
    if (value === "light" || value === "dark") root.dataset.theme = value;
    else delete root.dataset.theme;
    paint();
  }

  choose(kept());
  dark.addEventListener("change", paint);
  addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details[data-print]")) one.open = true;
  });

  async function draw() {
    for (const radio of document.querySelectorAll("input[name=theme]")) {
      radio.checked = radio.value === kept();
      radio.addEventListener("change", () => { keep(radio.value); choose(radio.value); });
    }
    const figures = [...document.querySelectorAll("script[data-figure]")];
    await Promise.all(figures.map((one) => Bokeh.embed.embed_item(JSON.parse(one.textContent))));
    paint();
    root.dataset.drawn = "yes";
  }

  // What a server adds later comes in the light theme's colours.
  let soon = 0;
  function watch() {
    if (!window.Bokeh) return;
    for (const doc of Bokeh.documents) {
      if (doc.somagateWatched) continue;
      doc.somagateWatched = true;
      doc.on_change(() => {
        clearTimeout(soon);
        soon = setTimeout(paint, 30);
      });
    }
    paint();
  }

  window.somagate = { paint, theme, watch };
  addEventListener("DOMContentLoaded", () => {
    draw();
    if (document.body.hasAttribute("data-served")) setInterval(watch, 500);
  });
})();
