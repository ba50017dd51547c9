/** What the text file of a template is called in another version: its name holds the version that it belongs to. */
export function textNameFor(name: string, from: string, to: string): string {
  return name.includes(from) ? name.replace(from, to) : `${to}.${name}`;
}
