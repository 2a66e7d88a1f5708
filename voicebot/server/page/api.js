// @ts-check
/** The server's own API, with what it refuses as one kind of error. */
export class ApiError extends Error {
  /** @param {number} status 0 where the server cannot be reached @param {string} message @param {string | null} [code] @param {string} [hint] */
  constructor(status, message, code = null, hint = "") {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

/**
 * @typedef {{id: string, title: string, started: string, last: string, turns: number}} Listed
 * @typedef {{id: string, name: string, language: string}} Voice
 */

/** @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<Response>} */
export async function ask(method, path, body) {
  /** @type {RequestInit} */
  const request = { method, credentials: "same-origin" };
  if (method !== "GET") {
    request.headers = { "content-type": "application/json" };
    request.body = JSON.stringify(body ?? {});
  }
  let answer;
  try {
    answer = await fetch(path, request);
  } catch (error) {
    throw new ApiError(0, String(error));
  }
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

/** @param {Response} answer */
async function refusal(answer) {
  try {
    const { error } = await answer.json();
    return new ApiError(answer.status, String(error.message), error.code, error.hint ?? "");
  } catch {
    return new ApiError(answer.status, answer.statusText);
  }
}

/** @param {string} id */
export const pathOf = (id) => `/api/conversations/${encodeURIComponent(id)}`;

/** @returns {Promise<any>} */
export const me = async () => (await ask("GET", "/api/me")).json();
/** @returns {Promise<Listed[]>} */
export const conversations = async () => (await (await ask("GET", "/api/conversations")).json()).conversations;
/** @returns {Promise<Listed>} */
export const create = async () => (await ask("POST", "/api/conversations")).json();
/** @param {string} id @param {string} title @returns {Promise<Listed>} */
export const rename = async (id, title) => (await ask("PATCH", pathOf(id), { title })).json();
/** @param {string} id */
export const remove = (id) => ask("DELETE", pathOf(id));
/** @returns {Promise<Voice[]>} */
export const voices = async () => (await (await ask("GET", "/api/voices")).json()).voices;
/** @param {{launch: string} | {token: string}} shown */
export const login = (shown) => ask("POST", "/api/login", shown);
export const logout = () => ask("POST", "/api/logout");
/** The sound of a text, once more. @param {string} text @param {string} voice @returns {Promise<ArrayBuffer>} */
export const speech = async (text, voice) => {
  const body = { model: "voicebot", input: text, voice: voice || "alloy", response_format: "pcm" };
  return (await ask("POST", "/v1/audio/speech", body)).arrayBuffer();
};
