const WIDTH = 28;

/** `[##########------------------]  36%`. */
export function progressBar(percent: number): string {
  const bounded = Math.min(100, Math.max(0, percent));
  const filled = Math.round((bounded / 100) * WIDTH);
  return `[${'#'.repeat(filled)}${'-'.repeat(WIDTH - filled)}] ${String(Math.round(bounded)).padStart(3)}%`;
}
