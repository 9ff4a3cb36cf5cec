// <callwright-call line="airline"></callwright-call>: a call to a Callwright line from any page.
//
//   line    name of the line; without it the visitor chooses among all
//   server  address of the gateway; without it the one that this script came from
//
// Events that bubble from the element: `callwright-state` with { state }, `callwright-event` with every call event.
(() => {
  "use strict";
  const HOME = new URL(document.currentScript?.src || location.href).origin;
  const STYLE = "CALLWRIGHT_CSS";
  // A path that is not open by then is blocked: checks succeed within a second where they succeed at all.
  const CONNECT_MS = 15000;
  // Without an answer by then the call button is shown without a choice of lines.
  const LINES_MS = 5000;
  // A plan that had begun is carried to its end after hanging up; the page goes on showing it for so long.
  const AFTER_MS = 60000;

  const STATES = {
    idle: "Ready to call",
    asking: "May we use your microphone?",
    connecting: "Connecting…",
    listening: "Listening",
    thinking: "Working on it…",
    speaking: "Speaking",
    transferring: "Bringing in a person…",
    with_human: "You are with a person",
    ended: "Call ended",
  };
  const HINTS = {
    idle: "From your browser, nothing to install",
    asking: "Your browser is asking you at the top of the window",
    listening: "Go ahead, you can also interrupt",
  };
  const OUTCOMES = {
    completed: "Done",
    failed: "Not done; what had begun was undone",
    in_doubt: "Unclear whether it took effect; a person will look",
    refused: "Not done",
    declined: "You decided against it",
  };
  const STEPS = {
    pending: ["to come", ""],
    started: ["under way", ""],
    committed: ["done", "M2 6.5 5 9.5 10 3"],
    failed: ["failed", "M3 3l6 6M9 3l-6 6"],
    undone: ["undone", "M4 2 1.5 4.5 4 7M1.5 4.5H7a3 3 0 0 1 0 6H5"],
    in_doubt: ["unclear", "M4 4.2a2 2 0 1 1 2.6 2c-.5.2-.6.6-.6 1.2M6 10v.1"],
    left_out: ["left out", ""],
  };
  const TRANSFERS = {
    requested: "Asking for a person",
    seeking: "Looking for somebody who is free",
    ringing: "A person's phone is ringing",
    briefing: "A person hears what this is about",
    accepted: "A person has accepted",
    bridged: "You are connected with a person",
    failed: "No person could be reached",
    returned: "The person has left the call",
  };
  const MICROPHONE = {
    NotAllowedError: ["The microphone is blocked", "Allow it for this page: the lock or microphone sign beside the address opens the setting. Then call again."],
    NotFoundError: ["No microphone was found", "Plug one in or turn it on in the system's settings, then call again."],
    NotReadableError: ["The microphone is in use", "Another program holds it. Close that program, then call again."],
    OverconstrainedError: ["The microphone does not fit", "Choose another one in the browser's settings, then call again."],
  };

  class Trouble extends Error {
    constructor(message, help) {
      super(message);
      this.help = help;
    }
  }

  const make = (name, properties = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key in element) element[key] = value;
      else element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
  };

  const icon = (path, viewBox = "0 0 24 24") => {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("viewBox", viewBox);
    svg.setAttribute("aria-hidden", "true");
    svg.append(document.createElementNS(space, "path"));
    svg.firstChild.setAttribute("d", path);
    return svg;
  };
  const PHONE = "M6.6 10.8a15 15 0 0 0 6.6 6.6l2.2-2.2a1 1 0 0 1 1-.24 11.4 11.4 0 0 0 3.6.57 1 1 0 0 1 1 1V20a1 1 0 0 1-1 1A17 17 0 0 1 3 4a1 1 0 0 1 1-1h3.5a1 1 0 0 1 1 1c0 1.25.2 2.45.57 3.57a1 1 0 0 1-.25 1z";
  const MICROPHONE_ON = "M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5 11a7 7 0 0 0 14 0M12 18v3";
  const MICROPHONE_OFF = `${MICROPHONE_ON}M4 4l16 16`;
  const PAD = "M6 5h.01M12 5h.01M18 5h.01M6 11h.01M12 11h.01M18 11h.01M6 17h.01M12 17h.01M18 17h.01";

  // `flights.find_options` reads "Find options", `bookings.find` "Bookings: find".
  const title = (name) => {
    const parts = name.split(/[./]/);
    const last = parts.pop();
    const words = (/[_-]/.test(last) ? [last] : [...parts.slice(-1), last]).join(": ").replace(/[_-]+/g, " ").trim();
    return words ? words[0].toUpperCase() + words.slice(1) : name;
  };
  const sentence = (text) => text[0].toUpperCase() + text.slice(1) + (/[.!?…)]$/.test(text) ? "" : ".");
  const clock = (ms) => {
    const seconds = Math.max(0, Math.floor(ms / 1000));
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  };

  class CallwrightCall extends HTMLElement {
    #view;
    #lines = [];
    #state = "idle";
    #leg = null;
    #events = null;
    #turns = new Map();
    #says = new Map();
    #plans = new Map();
    #started = 0;
    #ticking = 0;
    #following = true;

    connectedCallback() {
      if (!this.#view) this.#build();
      this.#enter("idle");
      this.#loadLines();
      addEventListener("pagehide", this.#leave);
    }

    disconnectedCallback() {
      removeEventListener("pagehide", this.#leave);
      this.#leave();
    }

    /** What the call is doing, as in the gateway's events; `idle` and `asking` before there is one. */
    get state() {
      return this.#state;
    }

    #url(path) {
      return new URL(path, this.getAttribute("server") || HOME);
    }

    // ---- the call ----

    /** Places the call. Resolves when it is answered or has failed; never throws. */
    async call() {
      if (this.#leg) return;
      const leg = { ended: false };
      this.#leg = leg;
      this.#clear();
      try {
        this.#enter("asking");
        leg.microphone = await this.#openMicrophone();
        if (leg.ended) return this.#release(leg);
        this.#enter("connecting");
        await this.#connect(leg);
      } catch (error) {
        if (leg.ended) return;
        this.#tell(error);
        this.hangUp();
      }
    }

    /** Ends the call, or gives up placing it. */
    hangUp() {
      const leg = this.#leg;
      if (!leg) return;
      this.#leg = null;
      this.#release(leg);
      if (leg.session && !leg.over) fetch(leg.session, { method: "DELETE", keepalive: true }).catch(() => {});
      const events = this.#events;
      if (events) setTimeout(() => events.close(), AFTER_MS);
      this.#enter(leg.session ? "ended" : "idle");
    }

    async #openMicrophone() {
      if (!navigator.mediaDevices?.getUserMedia || !window.RTCPeerConnection) {
        throw window.isSecureContext
          ? new Trouble("This browser cannot place calls", "Use a current Firefox, Chrome, Edge or Safari.")
          : new Trouble("This page may not use a microphone", "Browsers allow that over https:// or on the machine itself (http://127.0.0.1) only.");
      }
      try {
        const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
        return await navigator.mediaDevices.getUserMedia({ audio });
      } catch (error) {
        const [message, help] = MICROPHONE[error.name] || ["The microphone could not be opened", String(error.message || error.name)];
        throw new Trouble(message, help);
      }
    }

    async #connect(leg) {
      const peer = new RTCPeerConnection();
      leg.peer = peer;
      const track = leg.microphone.getAudioTracks()[0];
      leg.sender = peer.addTrack(track, leg.microphone);
      track.addEventListener("ended", () => this.#lost(leg, "The microphone is gone", "It was unplugged or taken away. Call again when it is back."));
      leg.audio = new Audio();
      leg.audio.autoplay = true;
      peer.addEventListener("track", (event) => {
        leg.audio.srcObject = event.streams[0] || new MediaStream([event.track]);
        leg.audio.play().catch(() => {});
        this.#meter(leg);
      });
      peer.addEventListener("connectionstatechange", () => this.#pathChanged(leg));
      leg.deadline = setTimeout(() => {
        if (peer.connectionState !== "connected") {
          this.#lost(leg, "No sound got through", "The network may block UDP to the gateway. Try another network, or ask its administrator.");
        }
      }, CONNECT_MS);
      await peer.setLocalDescription(await peer.createOffer());
      const url = this.#url("/whip");
      const line = this.#chosen();
      if (line) url.searchParams.set("line", line);
      const response = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/sdp" },
        body: peer.localDescription.sdp,
      }).catch(() => {
        throw new Trouble("The gateway does not answer", "It may be starting or stopped. Try again in a moment.");
      });
      if (!response.ok) throw await this.#refusal(response);
      leg.session = this.#url(response.headers.get("Location"));
      const answer = await response.text();
      if (leg.ended) {
        fetch(leg.session, { method: "DELETE", keepalive: true }).catch(() => {});
        return;
      }
      this.#follow(response.headers.get("Callwright-Call"));
      await peer.setRemoteDescription({ type: "answer", sdp: answer });
    }

    async #refusal(response) {
      const problem = await response.json().catch(() => ({}));
      const message = problem.error || `The gateway refused the call (${response.status})`;
      const wait = response.headers.get("Retry-After");
      const help = problem.help || (wait ? `Try again in ${wait} seconds.` : "Try again in a moment.");
      return new Trouble(sentence(message).replace(/\.$/, ""), sentence(help));
    }

    #pathChanged(leg) {
      if (leg.ended) return;
      switch (leg.peer.connectionState) {
        case "connected":
          clearTimeout(leg.deadline);
          this.#started ||= Date.now();
          if (this.#state === "connecting") this.#enter("listening");
          this.#showTools(leg);
          break;
        case "disconnected":
          this.#view.sub.textContent = "The connection is shaky, trying to hold it…";
          break;
        case "failed":
          this.#lost(leg, "The connection was lost", "Check the network, then call again.");
          break;
      }
    }

    #lost(leg, message, help) {
      if (leg.ended || leg !== this.#leg) return;
      this.#tell(new Trouble(message, help));
      this.hangUp();
    }

    #release(leg) {
      leg.ended = true;
      clearTimeout(leg.deadline);
      cancelAnimationFrame(leg.frame);
      leg.meter?.close().catch(() => {});
      leg.microphone?.getTracks().forEach((track) => track.stop());
      if (leg.audio) leg.audio.srcObject = null;
      leg.peer?.close();
    }

    #leave = () => {
      this.hangUp();
      this.#events?.close();
    };

    // ---- what the gateway tells ----

    #follow(call) {
      if (!call) return;
      this.#events?.close();
      const url = this.#url("/v1/events");
      url.searchParams.set("call", call);
      const events = new EventSource(url);
      this.#events = events;
      events.addEventListener("message", (message) => {
        let event;
        try {
          event = JSON.parse(message.data);
        } catch {
          return;
        }
        if (events === this.#events) this.#happened(event);
        if (event.type === "call_ended") events.close();
      });
      events.addEventListener("lagged", () => this.#aside("Some of what was said is not shown here"));
    }

    #happened(event) {
      this.dispatchEvent(new CustomEvent("callwright-event", { detail: event, bubbles: true, composed: true }));
      switch (event.type) {
        case "call_started":
          this.#showEar(event.recogniser);
          break;
        case "call_state_changed":
          if (this.#leg && event.state !== "ended" && event.state !== "connecting") this.#enter(event.state);
          break;
        case "user_transcription":
          this.#heard(event);
          break;
        case "agent_transcription":
          this.#said(event);
          break;
        case "dtmf_received":
          this.#aside(`You pressed ${event.digit}`);
          break;
        case "plan_ready":
          this.#planReady(event);
          break;
        case "plan_step_changed":
          this.#step(this.#plan(event.plan), event.step, event.reason);
          break;
        case "plan_ended":
          this.#planEnded(event);
          break;
        case "transfer_changed":
          this.#aside(TRANSFERS[event.state] || event.state);
          break;
        case "call_ended":
          this.#finishSays();
          if (this.#leg) {
            // The gateway has let go of the session already.
            this.#leg.over = true;
            this.hangUp();
            this.#view.sub.textContent = event.reason || "";
          }
          break;
      }
    }

    #heard({ turn, text, final }) {
      let item = this.#turns.get(turn);
      if (!item) {
        if (!text && !final) return;
        item = this.#bubble("caller", "You");
        this.#turns.set(turn, item);
      }
      const missed = final && !text;
      item.classList.toggle("partial", !final);
      item.classList.toggle("missed", missed);
      item.lastChild.textContent = missed ? "not understood" : text;
      this.#scroll();
    }

    #said({ say, text, state, heard }) {
      let item = this.#says.get(say);
      if (!item) {
        item = this.#bubble("agent", "Agent");
        this.#says.set(say, item);
      }
      const words = item.lastChild;
      item.dataset.say = state;
      if (state === "interrupted") {
        const known = heard && text.startsWith(heard) ? heard : "";
        words.replaceChildren(known, make("span", { className: "unheard" }, text.slice(known.length)));
        item.firstChild.replaceChildren("Agent, ", make("span", { className: "cut" }, "interrupted"));
      } else {
        words.textContent = text;
      }
      this.#scroll();
    }

    // A say that was under way when the call ended was not heard to its end, and nobody tells how far.
    #finishSays() {
      for (const item of this.#says.values()) {
        if (item.dataset.say === "speaking") item.firstChild.replaceChildren("Agent, ", make("span", { className: "cut" }, "cut off"));
      }
    }

    #planReady({ plan, skill, steps }) {
      const shown = this.#plan(plan);
      shown.heading.textContent = title(skill);
      for (const step of steps) this.#step(shown, step);
    }

    #plan(plan) {
      let shown = this.#plans.get(plan);
      if (!shown) {
        shown = { heading: make("h3", {}, "Plan"), steps: make("ol", { className: "steps" }), byNumber: new Map() };
        shown.outcome = make("p", { className: "outcome", hidden: true, role: "status" });
        this.#view.plans.prepend(make("div", {}, shown.heading, shown.steps, shown.outcome));
        this.#plans.set(plan, shown);
        this.#view.plan.hidden = false;
      }
      return shown;
    }

    #step(shown, step, reason) {
      let item = shown.byNumber.get(step.number);
      if (!item) {
        const parts = ["mark", "name", "detail"].map((className) => make("span", { className }));
        item = make("li", {}, ...parts);
        shown.byNumber.set(step.number, item);
        const after = [...shown.byNumber].filter(([number]) => number > step.number).sort(([a], [b]) => a - b)[0];
        shown.steps.insertBefore(item, after ? after[1] : null);
      }
      const [words, path] = STEPS[step.state] || [step.state, ""];
      const [mark, name, detail] = item.children;
      item.dataset.step = step.state;
      mark.replaceChildren(...(path ? [icon(path, "0 0 12 12")] : []));
      name.textContent = title(step.action);
      detail.textContent = [step.kind === "write" ? "changes something" : "looks something up", words, reason].filter(Boolean).join(" · ");
    }

    #planEnded({ plan, skill, outcome, reason }) {
      const shown = this.#plan(plan);
      if (skill) shown.heading.textContent = title(skill);
      shown.outcome.hidden = false;
      shown.outcome.dataset.outcome = outcome;
      shown.outcome.textContent = [OUTCOMES[outcome] || outcome, reason].filter(Boolean).join(": ");
    }

    // ---- what is shown ----

    #enter(state) {
      this.#state = state;
      this.dataset.state = state;
      const busy = state !== "idle" && state !== "ended";
      const { button, label, words, sub, lines, tools } = this.#view;
      words.textContent = STATES[state] || state;
      sub.textContent = HINTS[state] || "";
      this.#view.stage.classList.toggle("busy", busy);
      button.dataset.does = busy ? "hang-up" : "call";
      label.textContent = busy ? "Hang up" : state === "ended" ? "Call again" : "Call";
      lines.hidden = busy || this.hasAttribute("line") || this.#lines.length < 2;
      if (busy) {
        this.#ticking ||= setInterval(() => this.#tick(), 1000);
        this.#tick();
      } else {
        clearInterval(this.#ticking);
        this.#ticking = 0;
        if (this.#started) sub.textContent = `It took ${clock(Date.now() - this.#started)}`;
        tools.hidden = true;
        this.#view.keys.hidden = true;
        button.style.removeProperty("--level");
      }
      this.dispatchEvent(new CustomEvent("callwright-state", { detail: { state }, bubbles: true, composed: true }));
    }

    #tick() {
      if (this.#started && this.#leg?.peer?.connectionState === "connected") {
        const hint = HINTS[this.#state];
        this.#view.sub.textContent = clock(Date.now() - this.#started) + (hint ? ` · ${hint}` : "");
      }
    }

    #tell(error) {
      const trouble = error instanceof Trouble ? error : new Trouble("The call could not be placed", String(error?.message || error));
      this.#view.notice.replaceChildren(make("strong", {}, trouble.message), trouble.help);
      this.#view.notice.hidden = false;
    }

    #clear() {
      this.#turns.clear();
      this.#says.clear();
      this.#plans.clear();
      this.#following = true;
      this.#started = 0;
      this.#events?.close();
      this.#events = null;
      const { notice, list, plans, plan, empty } = this.#view;
      notice.hidden = true;
      list.replaceChildren();
      plans.replaceChildren();
      plan.hidden = true;
      empty.hidden = false;
      this.#showMute(false);
    }

    #bubble(side, who) {
      this.#view.empty.hidden = true;
      const item = make("li", { className: side }, make("span", { className: "who" }, who), make("span", { className: "text" }));
      this.#view.list.append(item);
      return item;
    }

    #aside(text) {
      this.#view.list.append(make("li", { className: "aside" }, text));
      this.#scroll();
    }

    // Someone who reads further up is left there.
    #scroll() {
      const list = this.#view.list;
      if (this.#following) list.scrollTop = list.scrollHeight;
    }

    #showTools(leg) {
      const dtmf = leg.sender.dtmf;
      const usable = Boolean(dtmf?.canInsertDTMF);
      this.#view.tools.hidden = false;
      this.#view.keys.querySelectorAll("button").forEach((key) => (key.disabled = !usable));
      this.#view.noKeys.hidden = usable;
    }

    #press(digit) {
      const dtmf = this.#leg?.sender?.dtmf;
      if (dtmf?.canInsertDTMF) dtmf.insertDTMF(digit, 120, 70);
    }

    #toggleMute() {
      const track = this.#leg?.microphone?.getAudioTracks()[0];
      if (!track) return;
      track.enabled = !track.enabled;
      this.#showMute(!track.enabled);
    }

    #showMute(muted) {
      const { mute } = this.#view;
      mute.setAttribute("aria-pressed", String(muted));
      mute.replaceChildren(icon(muted ? MICROPHONE_OFF : MICROPHONE_ON), make("span", {}, muted ? "Muted" : "Mute"));
    }

    #showEar(recogniser) {
      const { ear } = this.#view;
      ear.hidden = !recogniser;
      if (!recogniser) return;
      ear.classList.toggle("stand-by", recogniser.stand_by);
      const standBy = "The offline stand-by is listening. It knows a limited set of sentences and English only: speak plainly, or use the keypad.";
      const note = recogniser.note || (recogniser.stand_by ? standBy : "");
      ear.replaceChildren(make("p", {}, "Your words are recognised by ", make("b", {}, recogniser.engine), note ? `. ${note}` : "."));
    }

    // The ring around the button follows whoever is louder.
    #meter(leg) {
      if (matchMedia("(prefers-reduced-motion: reduce)").matches || !window.AudioContext) return;
      const context = new AudioContext();
      leg.meter = context;
      const probes = [leg.microphone, leg.audio.srcObject].map((stream) => {
        const probe = context.createAnalyser();
        probe.fftSize = 512;
        context.createMediaStreamSource(stream).connect(probe);
        return probe;
      });
      const samples = new Float32Array(512);
      const look = () => {
        let level = 0;
        for (const probe of probes) {
          probe.getFloatTimeDomainData(samples);
          level = Math.max(level, Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length));
        }
        this.#view.button.style.setProperty("--level", Math.min(1, level * 4).toFixed(3));
        leg.frame = requestAnimationFrame(look);
      };
      look();
    }

    // ---- lines ----

    async #loadLines() {
      try {
        const response = await fetch(this.#url("/v1/lines"), { signal: AbortSignal.timeout(LINES_MS) });
        this.#lines = response.ok ? await response.json() : [];
      } catch {
        this.#lines = [];
      }
      const { select, lines } = this.#view;
      select.replaceChildren(...this.#lines.map((line) => make("option", { value: line.name }, line.title)));
      lines.hidden = this.#state !== "idle" || this.hasAttribute("line") || this.#lines.length < 2;
      this.#showLine();
      this.#view.stage.hidden = false;
    }

    #chosen() {
      return this.getAttribute("line") || this.#view.select.value || "";
    }

    #showLine() {
      const line = this.#lines.find(({ name }) => name === this.#chosen());
      const { heading, examples, empty } = this.#view;
      heading.textContent = line?.title || "";
      heading.hidden = !line || (this.#lines.length > 1 && !this.hasAttribute("line"));
      examples.replaceChildren(...(line?.examples || []).map((example) => make("li", {}, example)));
      empty.firstChild.textContent = line?.examples?.length ? "You could say:" : "What is said will appear here.";
      if (line) this.#showEar(line.recogniser);
    }

    // ---- the shadow tree ----

    #build() {
      const root = this.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
      const view = {};
      this.#view = view;

      view.label = make("span", { className: "quiet" }, "Call");
      view.button = make("button", { className: "main", type: "button", onclick: () => (this.#leg ? this.hangUp() : this.call()) }, icon(PHONE), view.label);
      view.words = make("span");
      view.sub = make("p", { className: "sub" });
      view.heading = make("p", { className: "title", hidden: true });
      view.select = make("select", { id: "line", onchange: () => this.#showLine() });
      view.lines = make("div", { className: "lines", hidden: true }, make("label", { htmlFor: "line" }, "Call"), view.select);
      view.mute = make("button", { className: "tool", type: "button", "aria-pressed": "false", onclick: () => this.#toggleMute() }, icon(MICROPHONE_ON), make("span", {}, "Mute"));
      view.pad = make("button", { className: "tool", type: "button", "aria-expanded": "false", onclick: () => this.#togglePad() }, icon(PAD), make("span", {}, "Keypad"));
      view.tools = make("div", { className: "tools", hidden: true }, view.mute, view.pad);
      view.noKeys = make("p", { hidden: true }, "The gateway did not agree to key tones on this call.");
      const keys = [..."123456789*0#"].map((digit) => make("button", { type: "button", onclick: () => this.#press(digit) }, digit));
      view.keys = make("div", { className: "keys", role: "group", "aria-label": "Keypad", hidden: true }, ...keys, view.noKeys);
      const state = make("p", { className: "state", role: "status" }, make("span", { className: "dot", "aria-hidden": "true" }), view.words);
      // Shown when the lines are known: nothing may move a button that somebody is about to press.
      view.stage = make("section", { className: "stage card", "aria-label": "Call", hidden: true }, view.heading, view.lines, view.button, state, view.sub, view.tools, view.keys);

      view.plans = make("div", { className: "plans" });
      view.plan = make("section", { className: "plan card", hidden: true }, make("h2", {}, "What is being done"), view.plans);

      view.examples = make("ul");
      view.empty = make("div", { className: "empty" }, make("p", {}, "What is said will appear here."), view.examples);
      view.list = make("ol", { className: "words", role: "log", "aria-label": "Transcript", tabIndex: 0 });
      const talk = make("section", { className: "talk card" }, make("h2", {}, "What is said"), view.empty, view.list);

      view.notice = make("p", { className: "notice", role: "alert", hidden: true });
      view.ear = make("aside", { className: "ear card", hidden: true, "aria-label": "Speech recognition" });
      const side = make("div", { className: "side" }, view.stage, view.notice, view.plan);
      root.append(make("div", { className: "call" }, side, talk, view.ear));

      view.list.addEventListener("scroll", () => {
        this.#following = view.list.scrollHeight - view.list.scrollTop - view.list.clientHeight < 48;
      }, { passive: true });
      new ResizeObserver(() => this.#scroll()).observe(view.list);

      // Keys of the keyboard work while the keypad is open.
      root.addEventListener("keydown", (event) => {
        if (!view.keys.hidden && /^[0-9*#]$/.test(event.key)) this.#press(event.key);
      });
    }

    #togglePad() {
      // A browser may say only a moment after it has connected that keys can be sent.
      if (this.#leg) this.#showTools(this.#leg);
      const { keys, pad } = this.#view;
      keys.hidden = !keys.hidden;
      pad.setAttribute("aria-expanded", String(!keys.hidden));
    }
  }

  if (!customElements.get("callwright-call")) customElements.define("callwright-call", CallwrightCall);
})();
