/**
 * Returns a duration as minutes and seconds, rounded to tenths of a second, with hours if there are any: `1:02.5`,
 * `1:00:00.0`.
 */
export function formatClock(seconds: number): string {
  const tenths = Math.round(10 * seconds);
  const hours = Math.floor(tenths / 36_000);
  const minutes = Math.floor(tenths / 600) % 60;
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}
