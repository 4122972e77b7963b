/** Rounds a figure: what a rerun would change is not shown. */
export function rounded(value: number, decimals = 2): number {
  return Number(value.toFixed(decimals));
}
