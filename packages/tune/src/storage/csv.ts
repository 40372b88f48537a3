/** The rows of comma-separated text (RFC 4180): a cell in quotes may hold anything, a quote doubled. No empty lines. */
export function readCsv(text: string): ReadonlyArray<readonly string[]> {
  const cell = /"([^"]*(?:""[^"]*)*)"|[^,\r\n]*/y;
  const rows: string[][] = [];
  let row: string[] = [];
  for (let position = 0; position < text.length;) {
    cell.lastIndex = position;
    const [whole, quoted] = cell.exec(text) as unknown as [string, string | undefined];
    row.push(quoted?.replaceAll('""', '"') ?? whole);
    position += whole.length;
    if (text[position] === ',') {
      position += 1;
      if (position < text.length) continue;
      row.push('');
    }
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
    position += text.startsWith('\r\n', position) ? 2 : 1;
  }
  return rows;
}
