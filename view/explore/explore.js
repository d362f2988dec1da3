// What the page of an exploration does: the axes that are chosen, the filter, and a chosen point.
(() => {
  const $ = (id) => document.getElementById(id);
  const root = document.documentElement;
  let data, plans, models;
  let texts = null;

  const log = (value) => Math.log10(Math.max(value, 0.5));
  const scaled = (axis, value) => (axis.log ? log(value) : value);

  function told(axis, value) {
    if (value === null) return "–";
    if (axis.share) return (100 * value).toFixed(axis.share) + " %";
    return Math.round(value).toLocaleString("en");
  }

  function short(axis, value) {
    if (axis.share) return +(100 * value).toFixed(2) + " %";
    for (const [size, name] of [[1e9, " G"], [1e6, " M"], [1e3, " k"]]) {
      if (value >= size) return +(value / size).toPrecision(3) + name;
    }
    return String(+value.toPrecision(3));
  }

  // Ticks at 1, 2 and 5 times a power of ten, as many as there is room for.
  function ticks(axis, start, end, most) {
    const found = [];
    if (axis.log) {
      const decades = end - start;
      const steps = decades > most ? [1] : decades > most / 2 ? [1, 3] : decades > 1
        ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8];
      for (let power = Math.floor(start); power <= end; power++) {
        for (const step of steps) {
          const at = power + Math.log10(step);
          if (at >= start && at <= end) found.push([at, step * 10 ** power]);
        }
      }
      const kept = Math.ceil(found.length / most);
      return found.filter((_, place) => place % kept === 0);
    }
    const rough = (end - start) / most;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough);
    for (let at = Math.ceil(start / step) * step; at <= end; at += step) found.push([at, at]);
    return found;
  }

  function axisOf(name) { return data.axes.find((one) => one.key === $(name).value); }

  function relabel() {
    const wide = models.plot.inner_width > 560;
    for (const [name, range, axis, most] of [
      ["across", models.plot.x_range, models.plot.below[0], wide ? 8 : 4],
      ["up", models.plot.y_range, models.plot.left[0], 7],
    ]) {
      const kind = axisOf(name);
      const found = ticks(kind, range.start, range.end, most);
      axis.ticker.ticks = found.map(([at]) => at);
      axis.major_label_overrides = new Map(found.map(([at, value]) => [at, short(kind, value)]));
      axis.axis_label = kind.label;
    }
  }

  // The points that no other beats in both axes, as corners of steps.
  function steps(points, x, y) {
    const sign = (axis) => (axis.more ? -1 : 1);
    const order = [...points].sort((a, b) => sign(x) * (a.x - b.x) || sign(y) * (a.y - b.y));
    const xs = [], ys = [];
    let best = null;
    for (const point of order) {
      if (best !== null && sign(y) * (point.y - best) >= 0) continue;
      if (best !== null) { xs.push(point.x); ys.push(best); }
      xs.push(point.x);
      ys.push(point.y);
      best = point.y;
    }
    return { x: xs, y: ys };
  }

  function shown() {
    const on = $("on").value, fits = $("fits").checked;
    const found = [];
    for (let id = 0; id < data.number.length; id++) {
      if (fits && !data.fits[id]) continue;
      if (on !== "" && data.target[id] !== +on) continue;
      found.push(id);
    }
    return found;
  }

  function columns(points) {
    const named = (key) => points.map(({ id }) => data[key] ? data[key][id] : null);
    const formatted = (key) => {
      const axis = data.axes.find((one) => one.key === key);
      return points.map(({ id }) => (axis ? told(axis, data[key][id]) : "–"));
    };
    return {
      x: points.map((one) => one.x), y: points.map((one) => one.y), id: points.map((one) => one.id),
      number: named("number"), images: formatted("images"), cycles: formatted("cycles"),
      cells: formatted("cells"), rams: formatted("rams"), accuracy: formatted("accuracy"),
      additions: formatted("additions"), bits: points.map(({ id }) => data.bits[data.network[id]]),
    };
  }

  function place(id) {
    const x = axisOf("across"), y = axisOf("up");
    return { id, x: scaled(x, data[x.key][id]), y: scaled(y, data[y.key][id]) };
  }

  function draw() {
    const x = axisOf("across"), y = axisOf("up");
    const every = shown()
      .filter((id) => data[x.key][id] !== null && data[y.key][id] !== null)
      .map(place);
    data.targets.forEach((_, target) => {
      const mine = every.filter(({ id }) => data.target[id] === target);
      const front = mine.filter(({ id }) => data.front[id]);
      models[`others-${target}`].data = columns(mine.filter(({ id }) => !data.front[id]));
      models[`front-${target}`].data = columns(front);
      models[`line-${target}`].data = steps(mine.filter(({ id }) => data.lined[id]), x, y);
    });
    for (const [range, key] of [[models.plot.x_range, "x"], [models.plot.y_range, "y"]]) {
      const values = every.map((one) => one[key]);
      const low = values.length ? values.reduce((a, b) => Math.min(a, b)) : 0;
      const high = values.length ? values.reduce((a, b) => Math.max(a, b)) : 1;
      const spare = 0.05 * (high - low) || 0.05 * Math.abs(high) || 0.5;
      range.setv({ start: low - spare, end: high + spare });
    }
    $("count").textContent = `${every.length.toLocaleString("en")} points`;
    relabel();
    mark();
  }

  let chosen = null;
  function mark() {
    const id = chosen !== null && shown().includes(chosen) ? [place(chosen)] : [];
    models.chosen.data = { x: id.map((one) => one.x), y: id.map((one) => one.y) };
  }

  async function unpacked() {
    if (texts === null) {
      const bytes = Uint8Array.from(atob(plans), (one) => one.charCodeAt(0));
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
      texts = JSON.parse(await new Response(stream).text());
    }
    return texts;
  }

  async function choose(id, focus) {
    chosen = id;
    mark();
    const target = data.targets[data.target[id]], number = data.number[id];
    $("chosen-title").textContent = `Point ${number} on ${target.name}`;
    const rows = data.axes.map((axis) => [axis.label, told(axis, data[axis.key][id])]);
    const network = data.bits[data.network[id]];
    rows.push(["Bits of weights / potentials, layer by layer", network]);
    rows.push(["Cycles are", data.followed[id] ? data.told : "about; they were not followed"]);
    rows.push(["It fits", data.why[number] || (data.fits[id] ? "yes" : "no")]);
    if (data.proven[number]) rows.push(...data.proven[number]);
    $("chosen-figures").replaceChildren(...rows.map(([name, value]) => {
      const row = document.createElement("div");
      const term = document.createElement("dt"), told = document.createElement("dd");
      term.textContent = name;
      told.textContent = value;
      row.append(term, told);
      return row;
    }));
    $("plan").textContent = (await unpacked())[id];
    const tables = data.network[id] ? data.written : data.tables;
    $("command").textContent = [data.write, target.command].join("\n")
      .replaceAll("@T@", () => tables).replaceAll("@N@", number);
    $("chosen").hidden = false;
    if (focus) {
      $("chosen-title").focus();
      $("chosen").scrollIntoView({ block: "nearest" });
    }
  }

  async function copy(button) {
    const source = $(button.dataset.copy);
    let done = true;
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(source);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      done = document.execCommand("copy");
    }
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  }

  function start() {
    data = JSON.parse($("explore-data").textContent);
    plans = $("explore-plans").textContent.trim();
    models = {};
    for (const doc of Bokeh.documents) {
      for (const model of doc.all_models) if (model.name) models[model.name] = model;
    }
    for (const name of ["across", "up", "on", "fits"]) $(name).addEventListener("change", draw);
    data.targets.forEach((_, target) => {
      for (const kind of ["others", "front"]) {
        const source = models[`${kind}-${target}`];
        source.selected.properties.indices.change.connect(() => {
          const first = source.selected.indices[0];
          if (first !== undefined) choose(source.data.id[first], false);
        });
      }
    });
    for (const name of ["x_range", "y_range"]) {
      models.plot[name].properties.end.change.connect(relabel);
    }
    document.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button?.dataset.point) choose(+button.dataset.point, true);
      if (button?.dataset.copy) copy(button);
    });
    draw();
    root.dataset.explored = "yes";
  }

  const waiting = new MutationObserver(() => {
    if (root.dataset.drawn !== "yes") return;
    waiting.disconnect();
    start();
  });
  waiting.observe(root, { attributes: true });
})();
