// @ts-check
/** How numbers and moments are written. */

/** @param {number | null | undefined} seconds @param {string} language */
export function shortSeconds(seconds, language) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  const isShort = Math.abs(seconds) < 0.9995;
  const value = isShort ? Math.round(seconds * 1000) : seconds;
  const unit = isShort ? "millisecond" : "second";
  const digits = isShort || seconds >= 100 ? 0 : seconds < 10 ? 2 : 1;
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit,
    unitDisplay: "short",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
}

/** The marks of a time axis: round numbers, about `count` of them. @param {number} seconds @param {number} [count] */
export function ticks(seconds, count = 5) {
  if (!(seconds > 0)) return [0];
  const rough = seconds / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? 10 * power;
  return Array.from({ length: Math.floor(seconds / step + 1e-9) + 1 }, (_, i) => Number((i * step).toPrecision(6)));
}

/** When something was, in a few characters. @param {string} iso @param {string} language @param {Date} [now] */
export function when(iso, language, now = new Date()) {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "";
  const isToday = date.toDateString() === now.toDateString();
  return new Intl.DateTimeFormat(
    language,
    isToday ? { hour: "2-digit", minute: "2-digit" } : { month: "short", day: "numeric" },
  ).format(date);
}
