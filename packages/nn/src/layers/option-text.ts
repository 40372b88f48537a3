/** Options as `toString()` of a layer shows them: those that were given. */
export function optionText(options: object): string {
  return Object.entries(options)
    .map(([name, value]) => `${name}: ${Array.isArray(value) ? `[${value.join(', ')}]` : value}`)
    .join(', ');
}
