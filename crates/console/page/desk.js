// The desk: plans that wait for somebody, and what became of a plan. Everything shown is text; nothing is parsed as HTML.
(() => {
  "use strict";

  /** How often is asked what waits: approvals of plans without a call here come with no event. */
  const LOOK_MS = 5_000;
  const STATES = {
    pending: ["to come", ""], started: ["under way", "warn"], committed: ["done", "good"], failed: ["failed", "bad"],
    undone: ["taken back", "warn"], in_doubt: ["in doubt", "bad"], left_out: ["left out", ""],
  };
  const OUTCOMES = {
    running: "is under way", awaiting_approval: "waits for an approval", undoing: "is being taken back", completed: "is done",
    failed: "failed, and nothing of it is left", in_doubt: "is in doubt: somebody must look",
  };
  /** How the line of an event is coloured; the words say the same. */
  const LOOKS = {
    step_failed: "bad", failed: "bad", in_doubt: "bad", rejected: "bad", undo_refused: "bad", step_refused: "warn", step_lost: "warn",
    verify_lost: "warn", undo_lost: "warn", held: "warn", cancel_asked: "warn", undo_started: "warn", step_undone: "warn",
    approval_asked: "warn", completed: "good",
  };
  const at = (id) => document.getElementById(id);
  let token = sessionStorage.getItem("callwright-operator") || "";
  let looking = null;
  let following = null;

  function make(name, { className, ...more } = {}, ...children) {
    const element = document.createElement(name);
    if (className) element.className = className;
    for (const [key, value] of Object.entries(more)) {
      if (key in element) element[key] = value;
      else element.setAttribute(key, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }

  async function ask(path, options = {}) {
    const headers = { ...(options.headers || {}), ...(token ? { Authorization: `Bearer ${token}` } : {}) };
    const response = await fetch(path, { ...options, headers, cache: "no-store" });
    if (response.ok) return response;
    const told = await response.json().catch(() => ({}));
    const error = new Error([told.error || `the gateway answered ${response.status}`, told.help].filter(Boolean).join(": "));
    error.locked = response.status === 401;
    throw error;
  }

  function trouble(error) {
    at("trouble").hidden = !error;
    at("trouble").textContent = error ? error.message : "";
    if (error?.locked) {
      at("door").hidden = false;
      at("door-why").textContent = token ? "This is not the token." : "It is web.operator_token of the configuration.";
      at("trouble").hidden = true;
      at("live").textContent = "";
    }
  }

  const local = (ms) => new Date(ms).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

  function left(ms) {
    const minutes = Math.round((ms - Date.now()) / 60_000);
    if (minutes < 1) return "any moment";
    if (minutes < 90) return `${minutes} min left`;
    const hours = Math.round(minutes / 60);
    return hours < 48 ? `${hours} h left` : `${Math.round(hours / 24)} days left`;
  }

  /** A fact, `{ type, value }`, as people read it. */
  function plain({ type, value }) {
    switch (type) {
      case "money":
        try {
          const money = new Intl.NumberFormat(undefined, { style: "currency", currency: value.currency });
          return money.format(value.minor / 10 ** money.resolvedOptions().maximumFractionDigits);
        } catch {
          return `${value.minor} ${value.currency} (minor units)`;
        }
      case "bool": return value ? "yes" : "no";
      case "list": return value.map(plain).join(", ");
      case "record": return Object.entries(value).map(([name, inner]) => `${name}: ${plain(inner)}`).join(", ");
      default: return String(value);
    }
  }

  function facts(entries) {
    return make("dl", { className: "facts" }, ...entries.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  }

  // ---- what waits ----

  function write(step) {
    const known = Object.entries(step.arguments).map(([name, value]) => [name, plain(value)]);
    const later = step.later.map((name) => [name, "comes with the result of a step before"]);
    return make("li", step.asked ? { className: "asked" } : {},
      make("strong", {}, `${step.step}. ${step.action}`), " ",
      make("span", { className: "soft" }, `${step.connector}.${step.method}`), " ",
      step.asked ? make("span", { className: "tag" }, "needs the approval") : null,
      facts([...known, ...later, ["taken back by", step.undo || "nothing"]]));
  }

  function waiting(question) {
    const key = `${question.plan}-${question.number}`;
    const reason = make("textarea", { id: `why-${key}`, maxLength: 2_000 });
    const approve = make("button", { className: "strong", type: "button" }, "Approve");
    const reject = make("button", { className: "no", type: "button" }, "Reject");
    const story = make("button", { type: "button" }, "What has happened so far");
    const answer = (decision) => decide(question, decision, reason, [approve, reject]);
    approve.addEventListener("click", () => answer("approve"));
    reject.addEventListener("click", () => answer("reject"));
    story.addEventListener("click", () => tell(question.plan));
    const item = make("li", { className: "card" },
      make("h3", { id: `title-${key}` }, question.summary || question.skill),
      facts([
        ["Asked of", question.role],
        ["Skill", `${question.pack}/${question.skill}`],
        ["Caller", question.verified ? "has proved who they are" : "has not proved who they are"],
        ["Why", question.rules.join(", ") || "no rule is named"],
        ["Since", local(question.asked_unix_ms)],
        ["Until", `${local(question.until_unix_ms)} (${left(question.until_unix_ms)}), then it counts as rejected`],
        ["Plan", question.plan],
      ]),
      make("h4", {}, "What would be written, in this order"),
      make("ol", { className: "writes" }, ...question.writes.map(write)),
      make("div", { className: "answer" },
        make("label", { htmlFor: reason.id }, "Reason (a no needs one)"), reason,
        make("div", { className: "buttons" }, approve, reject, story)));
    item.setAttribute("aria-labelledby", `title-${key}`);
    item.dataset.key = key;
    return item;
  }

  async function decide(question, decision, reason, buttons) {
    const by = at("by").value.trim();
    const missing = !by ? at("by") : decision === "reject" && !reason.value.trim() ? reason : null;
    if (missing) {
      trouble(new Error(missing === reason ? "Say why it is rejected." : "Say who you are: it is kept with the answer."));
      missing.focus();
      return;
    }
    buttons.forEach((button) => (button.disabled = true));
    try {
      const { plan, number, role } = question;
      await ask(`/v1/approvals/${encodeURIComponent(plan)}`, {
        method: "PUT",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ number, decision, role, by, reason: reason.value.trim() }),
      });
      trouble(null);
      at("outcome").textContent = `${decision === "approve" ? "Approved" : "Rejected"}: ${question.summary || question.skill}, plan ${plan}.`;
      await look();
      await tell(plan);
    } catch (error) {
      buttons.forEach((button) => (button.disabled = false));
      trouble(error);
      await look(true);
    }
  }

  /** Asks what waits. What somebody is answering stays as it is, so that no reason is lost under their hands. */
  function look(keepTrouble) {
    looking ||= (async () => {
      try {
        const questions = await (await ask("/v1/approvals")).json();
        at("door").hidden = true;
        if (!keepTrouble) trouble(null);
        const list = at("waiting");
        const known = new Map([...list.children].map((item) => [item.dataset.key, item]));
        const wanted = questions.map((question) => known.get(`${question.plan}-${question.number}`) || waiting(question));
        for (const item of known.values()) if (!wanted.includes(item)) item.remove();
        wanted.forEach((item, index) => list.children[index] === item || list.insertBefore(item, list.children[index] || null));
        at("none").hidden = wanted.length > 0;
        document.title = wanted.length ? `(${wanted.length}) Callwright: the desk` : "Callwright: the desk";
        at("live").textContent = wanted.length === 1 ? "1 plan waits" : `${wanted.length} plans wait`;
        follow();
      } catch (error) {
        trouble(error);
      } finally {
        looking = null;
      }
    })();
    return looking;
  }

  /** Plans of calls tell at once that something has changed. An `EventSource` could not show the token. */
  async function follow() {
    if (following) return;
    following = new AbortController();
    try {
      const response = await ask("/v1/events", { signal: following.signal });
      const lines = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { value, done } = await lines.read();
        if (done) break;
        if (value.includes("plan")) {
          look();
          if (!at("story").hidden) tell(at("plan").value, true);
        }
      }
    } catch {
      // The list is asked for anyway.
    }
    setTimeout(() => (following = null), LOOK_MS);
  }

  // ---- a plan's story ----

  function step(of, ended) {
    const never = ended && of.state === "pending";
    const [words, look] = never ? ["not begun", ""] : STATES[of.state] || [of.state, ""];
    const notes = [
      of.kind === "write" ? `changes something at ${of.connector || "a system"}` : "looks something up",
      of.took_ms !== null && of.took_ms !== undefined ? `took ${of.took_ms} ms` : null,
      of.attempts > 1 ? `${of.attempts} attempts` : null,
      of.lost ? `${of.lost} without an answer` : null,
      of.refused ? `${of.refused} refused` : null,
      of.undo && of.undo.attempts ? `taken back by ${of.undo.action}` : null,
      of.only_when ? `only when ${of.only_when}` : null,
      of.allowed_by?.length ? `allowed by ${of.allowed_by.join(", ")}` : null,
    ];
    return make("li", { "data-state": of.state },
      make("span", { className: "number" }, `${of.number}`), make("span", {}, of.action), make("span", { className: `state ${look}` }, words),
      make("small", {}, notes.filter(Boolean).join(" · ")));
  }

  function happened(events) {
    const first = events[0]?.unix_ms || 0;
    return events.map(({ unix_ms, what, told }) => {
      const after = unix_ms - first;
      const when = after < 10_000 ? `+${after} ms` : after < 600_000 ? `+${Math.round(after / 1_000)} s` : local(unix_ms);
      const look = LOOKS[what.event] || "";
      return make("li", { "data-event": what.event }, make("time", { dateTime: new Date(unix_ms).toISOString(), title: local(unix_ms) }, when),
        make("span", { className: look }, told || what.event.replaceAll("_", " ")));
    });
  }

  async function tell(plan, quietly) {
    at("plan").value = plan;
    try {
      const { story, text } = await (await ask(`/v1/plans/${encodeURIComponent(plan)}`)).json();
      const ended = ["completed", "failed", "in_doubt"].includes(story.state);
      const parts = [make("h3", {}, `${story.pack ? `${story.pack}/` : ""}${story.skill || "Plan"} ${OUTCOMES[story.state] || story.state || ""}`)];
      parts.push(facts([
        ["Plan", plan],
        story.version ? ["Version of the skill", story.version] : null,
        story.intent?.summary ? ["Asked for", story.intent.summary] : null,
        story.times?.consented_unix_ms ? ["The caller said yes", local(story.times.consented_unix_ms)] : null,
        story.allowed_by?.length ? ["Allowed as a whole by", story.allowed_by.join(", ")] : null,
      ].filter(Boolean)));
      if (story.steps?.length) parts.push(make("h4", {}, "Steps"), make("ol", { className: "steps" }, ...story.steps.map((of) => step(of, ended))));
      if (story.events?.length) parts.push(make("h4", {}, "What happened"), make("ol", { className: "times" }, ...happened(story.events)));
      else parts.push(...text.split("\n").map((line) => make("p", { className: "soft" }, line)));
      at("story").className = "card";
      at("story").replaceChildren(...parts);
      at("story").hidden = false;
      if (!quietly) {
        at("story-title").scrollIntoView({ block: "start" });
        at("story-title").focus({ preventScroll: true });
      }
    } catch (error) {
      if (!quietly) {
        at("story").hidden = true;
        trouble(error);
      }
    }
  }

  at("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    trouble(null);
    tell(at("plan").value.trim());
  });
  at("door").addEventListener("submit", (event) => {
    event.preventDefault();
    token = at("token").value;
    sessionStorage.setItem("callwright-operator", token);
    at("token").value = "";
    look();
  });
  at("by").value = localStorage.getItem("callwright-by") || "";
  at("by").addEventListener("change", () => localStorage.setItem("callwright-by", at("by").value.trim()));
  setInterval(() => document.hidden || look(), LOOK_MS);
  look();
})();
