// @ts-check
import { PROTOCOL, readBlock, readMessage, waitSeconds } from "./wire.js";

const PING_SECONDS = 15;

/**
 * The connection of one conversation: it comes back by itself, and says when it is away.
 * Sends "message" and "block" with what has come, and "state" when it is open or away.
 */
export class Live extends EventTarget {
  /** @param {string} path */
  constructor(path) {
    super();
    this._path = path;
    this._attempt = 0;
    this._left = false;
    /** @type {WebSocket | null} */
    this._socket = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this._timer = undefined;
    /** @type {"connecting" | "open" | "away"} */
    this.state = "connecting";
    this._online = () => this._connect();
    this._offline = () => this._lose();
    this._seen = Date.now();
    this._watch = setInterval(() => this._check(), 1000 * PING_SECONDS);
    addEventListener("online", this._online);
    addEventListener("offline", this._offline);
    this._connect();
  }

  _connect() {
    clearTimeout(this._timer);
    if (this._left || (this._socket && this._socket.readyState < WebSocket.CLOSING)) return;
    const address = new URL(this._path, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address, PROTOCOL);
    socket.binaryType = "arraybuffer";
    this._socket = socket;
    socket.onmessage = ({ data }) => {
      if (socket !== this._socket) return;
      this._seen = Date.now();
      if (typeof data === "string") {
        const message = readMessage(data);
        if (message) this.dispatchEvent(new CustomEvent("message", { detail: message }));
      } else {
        const block = readBlock(data);
        if (block) this.dispatchEvent(new CustomEvent("block", { detail: block }));
      }
    };
    socket.onopen = () => {
      this._attempt = 0;
      this._seen = Date.now();
      this._become("open");
    };
    socket.onclose = () => {
      if (socket === this._socket && !this._left) this._lose();
    };
  }

  /** The connection is gone, or as good as that: another is tried for. */
  _lose() {
    const socket = this._socket;
    this._socket = null;
    leave(socket);
    this._become("away");
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._connect(), 1000 * waitSeconds(this._attempt++, Math.random()));
  }

  _check() {
    if (this._socket?.readyState !== WebSocket.OPEN) return;
    if (Date.now() - this._seen > 2500 * PING_SECONDS) this._lose();
    else this.send({ type: "ping" });
  }

  /** @param {"open" | "away"} state */
  _become(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }

  /** Whether it was sent. @param {Record<string, unknown>} message */
  send(message) {
    if (this._socket?.readyState !== WebSocket.OPEN) return false;
    this._socket.send(JSON.stringify(message));
    return true;
  }

  close() {
    this._left = true;
    clearTimeout(this._timer);
    clearInterval(this._watch);
    removeEventListener("online", this._online);
    removeEventListener("offline", this._offline);
    leave(this._socket);
    this._socket = null;
  }
}

/** Close it; one that is not open yet, only then: browsers complain of it. @param {WebSocket | null} socket */
function leave(socket) {
  if (socket?.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close();
  else socket?.close();
}
