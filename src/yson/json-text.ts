/** As JSON.stringify of a text or null, which takes three times as long for a short text of plain ASCII. */
export function jsonText(text: string | null): string {
  if (text === null) return 'null';
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return JSON.stringify(text);
  }
  return `"${text}"`;
}
