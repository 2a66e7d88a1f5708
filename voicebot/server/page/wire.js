// @ts-check
/** The frames of the live connection: text is JSON, binary is sound behind a header of twelve bytes. */
export const PROTOCOL = "voicebot.v1";
const VERSION = 1;
const PCM = 1;
const HEADER = 12;

/**
 * @typedef {{utterance: number, first: number, samples: Int16Array}} Block
 * @typedef {{type: string, [field: string]: unknown}} ServerMessage
 */

/** A block of sound; null for one that is none, or of a kind that is not known. @param {ArrayBuffer} buffer @returns {Block | null} */
export function readBlock(buffer) {
  if (buffer.byteLength < HEADER || (buffer.byteLength - HEADER) % 2) return null;
  const view = new DataView(buffer);
  if (view.getUint8(0) !== VERSION || view.getUint8(1) !== PCM) return null;
  const samples = new Int16Array((buffer.byteLength - HEADER) / 2);
  for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(HEADER + 2 * i, true);
  return { utterance: view.getUint32(4, true), first: view.getUint32(8, true), samples };
}

/** A message; null for what is none. @param {string} text @returns {ServerMessage | null} */
export function readMessage(text) {
  try {
    const message = JSON.parse(text);
    return message && typeof message === "object" && typeof message.type === "string" ? message : null;
  } catch {
    return null;
  }
}

/** How long to wait before another attempt to connect: longer and longer, never the same. @param {number} attempt from 0 @param {number} chance from 0 to 1 */
export function waitSeconds(attempt, chance) {
  return Math.min(10, 0.4 * 2 ** attempt) * (0.75 + 0.5 * chance);
}
