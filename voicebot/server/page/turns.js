// @ts-check
/**
 * What the events say of a conversation: its turns, as far as they have come. A pure fold: the page draws what this
 * knows, and knows nothing else.
 *
 * @typedef {{type: string, turn?: string, at?: number, [field: string]: any}} Event as docs/events.md has it
 * @typedef {{start: number, end: number, boundary: string, rule: string, at: number}} Segment
 * @typedef {{index: number, start: number, end: number, text: string, shown: string, rule: string, lead: number | null,
 *   ready: number, clips: {at: number, audio: number, synthesis: number}[], started: number | null,
 *   finished: number | null, gap: number, state: "waiting" | "speaking" | "spoken"}} Utterance
 * @typedef {{id: string, message: string, reply: string, heard: number, state: "waiting" | "running" | "completed"
 *   | "interrupted" | "failed" | "dropped", segments: Segment[], utterances: Utterance[], firstDelta: number | null,
 *   warnings: {message: string, hint: string}[], error: string, hint: string, metrics: Record<string, any> | null,
 *   tools: {id: string, name: string, answered: boolean}[], when: string, last: number, position: number}} Turn
 * @typedef {{message: string, hint: string}} Notice
 */

/** The id of what waits in the line of the server, before it is a turn. */
const QUEUED = "queued";

export class Turns {
  constructor() {
    /** @type {Turn[]} */
    this.all = [];
    /** @type {Notice[]} */
    this.notices = [];
    this.paused = false;
  }

  /** @param {string} id */
  find(id) {
    return this.all.find((turn) => turn.id === id);
  }

  /** The turn that has the floor. */
  get live() {
    return this.all.findLast((turn) => turn.state === "running");
  }

  /** What waits in the line of the server, if anything. */
  get queued() {
    return this.find(QUEUED);
  }

  /** A message waits in that line: no event tells of it until its turn begins. @param {string} message @param {number} position */
  queue(message, position) {
    this.leaveLine();
    const turn = { ...fresh(QUEUED, message), state: /** @type {const} */ ("waiting"), position };
    this.all.push(turn);
    return turn;
  }

  /** It waits no longer. */
  leaveLine() {
    this.all = this.all.filter((turn) => turn.id !== QUEUED);
  }

  /**
   * Begin again with what the server keeps.
   * @param {{said?: any[], live?: any, waiting?: any[]}} snapshot
   */
  restore({ said = [] }) {
    const known = new Map(this.all.map((turn) => [turn.id, turn]));
    this.all = said.map((one) => {
      const before = one.turn ? known.get(one.turn) : undefined;
      return before && before.state !== "running" ? before : kept(one);
    });
    this.paused = false;
  }

  /** Take an event; the turn it changed, if any. @param {Event} event @returns {Turn | undefined} */
  take(event) {
    if (event.type === "notice") this.notices.push({ message: event.message, hint: event.hint ?? "" });
    else if (event.type === "paused" || event.type === "resumed") this.paused = event.type === "paused";
    if (!event.turn) return undefined;
    if (event.type === "turn_started") return this._start(event);
    if (event.type === "turn_waiting" && !this.find(event.turn)) {
      const waiting = { ...fresh(event.turn, ""), state: /** @type {const} */ ("waiting"), position: event.position };
      this.all.push(waiting);
      return waiting;
    }
    const turn = this.find(event.turn);
    if (turn) fold(turn, event);
    if (event.type === "turn_dropped") this.all = this.all.filter((one) => one.id !== event.turn || one.message);
    if (event.type === "turn_ended") this.paused = false;
    return turn;
  }

  /** @param {Event} event @returns {Turn} */
  _start(event) {
    const id = /** @type {string} */ (event.turn);
    const turn = fresh(id, event.message);
    if (this.queued?.message === event.message) this.leaveLine();
    const place = this.all.findIndex((one) => one.id === id);
    if (place < 0) this.all.push(turn);
    else this.all[place] = turn;
    return turn;
  }
}

/** @param {string} id @param {string} message @returns {Turn} */
export function fresh(id, message) {
  return {
    id,
    message,
    reply: "",
    heard: 0,
    state: "running",
    segments: [],
    utterances: [],
    firstDelta: null,
    warnings: [],
    error: "",
    hint: "",
    metrics: null,
    tools: [],
    when: "",
    last: 0,
    position: 0,
  };
}

/** A turn of the history. @param {any} said @returns {Turn} */
function kept(said) {
  const heard = String(said.heard ?? "");
  const unsaid = String(said.unsaid ?? "");
  const state = ["completed", "interrupted", "failed"].includes(said.outcome) ? said.outcome : "completed";
  const turn = fresh(said.turn || `kept-${said.at}`, said.message ?? "");
  return { ...turn, reply: heard + unsaid, heard: heard.length, state, when: said.at ?? "" };
}

/** @param {Turn} turn @param {Event} event */
function fold(turn, event) {
  const at = event.at ?? 0;
  if (!["turn_waiting", "turn_dropped", "floor_free", "paused", "resumed"].includes(event.type)) turn.last = at;
  const utterance = turn.utterances.find((one) => one.index === event.index);
  switch (event.type) {
    case "turn_waiting":
      turn.position = event.position;
      break;
    case "delta":
      turn.firstDelta ??= at;
      turn.reply += event.text;
      break;
    case "segment_ready":
      turn.segments.push({ start: event.start, end: event.end, boundary: event.boundary, rule: event.rule, at });
      break;
    case "utterance_ready":
      addUtterance(turn, event);
      break;
    case "clip_ready":
      utterance?.clips.push({ at, audio: event.audio_seconds, synthesis: event.synthesis_seconds });
      break;
    case "playback_started":
      if (utterance) {
        utterance.started = at;
        utterance.state = "speaking";
      }
      break;
    case "playback_finished":
      if (utterance) {
        utterance.finished = at;
        utterance.state = "spoken";
        turn.heard = Math.max(turn.heard, utterance.end);
      }
      break;
    case "gap":
      if (utterance) utterance.gap += event.seconds;
      break;
    case "warning":
      turn.warnings.push({ message: event.message, hint: event.hint ?? "" });
      break;
    case "tool_called":
      turn.tools.push({ id: event.id, name: event.name, answered: false });
      break;
    case "tool_answered":
      for (const tool of turn.tools) if (tool.id === event.id) tool.answered = true;
      break;
    case "turn_dropped":
      turn.state = "dropped";
      break;
    case "turn_ended":
      end(turn, event);
  }
}

/** @param {Turn} turn @param {Event} event */
function addUtterance(turn, event) {
  const before = turn.utterances.at(-1)?.end ?? 0;
  const text = String(event.text);
  let start = before;
  if (turn.reply.slice(start, start + text.length) !== text) {
    const found = turn.reply.indexOf(text, before);
    if (found >= 0) start = found;
  }
  turn.utterances.push({
    index: event.index,
    start,
    end: start + text.length,
    text,
    shown: event.shown,
    rule: event.rule,
    lead: event.lead ?? null,
    ready: event.at ?? 0,
    clips: [],
    started: null,
    finished: null,
    gap: 0,
    state: "waiting",
  });
}

/** @param {Turn} turn @param {Event} event */
function end(turn, event) {
  turn.state = event.outcome;
  turn.error = event.error ?? "";
  turn.hint = event.hint ?? "";
  turn.metrics = event.metrics ?? null;
  if (!turn.reply) turn.reply = `${event.heard ?? ""}${event.unsaid ?? ""}`; // `say` has no deltas
  const said = turn.utterances.map((one) => one.end);
  turn.heard =
    event.outcome === "completed"
      ? turn.reply.length
      : Math.max(heardUntil(turn, event), 0, ...said.filter((_, i) => turn.utterances[i].state === "spoken"));
}

/** Where in the reply what was heard of it ends. @param {Turn} turn @param {Event} event */
function heardUntil(turn, event) {
  const unsaid = String(event.unsaid ?? "").trim();
  const at = unsaid ? turn.reply.lastIndexOf(unsaid) : -1;
  return at >= 0 ? at : Math.min(String(event.heard ?? "").length, turn.reply.length);
}
