// Carries what is asked for to the server, and shows what it tells.
(() => {
  let asked = 0, waiting = false, next = null;

  function send(wanted) {
    // One question at a time: while the server draws, only the newest of those that come counts.
    if (waiting) { next = { ...next, ...wanted }; return; }
    const model = window.Bokeh && Bokeh.documents[0] && Bokeh.documents[0].get_model_by_name("asked");
    if (!model) return;
    waiting = true;
    asked += 1;
    model.value = JSON.stringify({ ...wanted, asked });
  }

  function place(form) {
    return [...form.querySelectorAll("[data-axis]")].filter((label) => !label.hidden)
      .map((label) => Number(label.querySelector("input").value));
  }

  function show(text) {
    const told = JSON.parse(text);
    for (const [name, html] of Object.entries(told.html)) {
      const part = document.querySelector(`[data-html="${name}"]`);
      if (!part || part.innerHTML === html) continue;
      const focused = part.contains(document.activeElement);
      part.innerHTML = html;
      if (focused) { part.tabIndex = -1; part.focus({ preventScroll: true }); }
    }
    const form = document.querySelector(".controls");
    const now = told.controls;
    for (const name of ["layer", "number", "step", "quantity"]) form[name].value = now[name];
    form.querySelector("output").value = now.step;
    for (const label of form.querySelectorAll("[data-axis]")) {
      const axis = Number(label.dataset.axis), input = label.querySelector("input");
      label.hidden = axis >= now.shape.length;
      if (label.hidden) continue;
      input.max = now.shape[axis] - 1;
      input.value = now.place[axis];
    }
    form.querySelector("[data-axis='0'] span").textContent =
      now.shape.length === 1 ? "neuron" : "channel";
    for (const button of document.querySelectorAll(".way a")) {
      const to = JSON.parse(button.dataset.go);
      const here = to.layer === now.layer && to.step === now.step &&
        String(to.place) === String(now.place);
      if (here) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
    }
    document.documentElement.dataset.answered = told.answered;
    waiting = false;
    if (next) { const wanted = next; next = null; send(wanted); }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-go]");
    if (button) send(JSON.parse(button.dataset.go));
  });
  const form = document.querySelector(".controls");
  form.addEventListener("input", (event) => {
    const name = event.target.name;
    if (name === "step") {
      form.querySelector("output").value = event.target.value;
      send({ step: Number(event.target.value) });
    }
  });
  form.addEventListener("change", (event) => {
    const name = event.target.name;
    if (name.startsWith("place")) send({ place: place(form) });
    else if (name === "number") send({ number: Number(event.target.value) });
    else if (name !== "step") send({ [name]: event.target.value });
  });

  window.somagateTraces = { show };
  const begin = setInterval(() => {
    const model = window.Bokeh && Bokeh.documents[0] && Bokeh.documents[0].get_model_by_name("told");
    if (!model) return;
    clearInterval(begin);
    show(model.value);
    document.documentElement.dataset.ready = "yes";
  }, 50);
})();
