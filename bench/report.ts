/** One line of the table. */
export interface Row {
  readonly work: string;
  readonly target: string;
  readonly measured: string;
  /** Null where there is no target, or the figure is for orientation. */
  readonly met: boolean | null;
  /** The same as figures. */
  readonly figures: Readonly<Record<string, number | null>>;
}

export function tableOf(rows: readonly Row[]): string {
  const head = '| work | target | measured | met |\n|---|---|---|---|';
  const verdict = (met: boolean | null): string => (met === null ? '' : met ? 'yes' : 'no');
  return [head, ...rows.map(({ work, target, measured, met }) => `| ${work} | ${target} | ${measured} | ${verdict(met)} |`)].join('\n');
}

/** Three digits are what such measurements carry. */
export function show(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
