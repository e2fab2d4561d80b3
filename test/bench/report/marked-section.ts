/**
 * Puts `content` between `<!-- NAME:begin -->` and `<!-- NAME:end -->`, and leaves everything else of the text as it is,
 * so that several writers can share a page. Throws where the markers do not stand once each, in this order.
 */
export function replaceSection(text: string, name: string, content: string): string {
  const begin = `<!-- ${name}:begin -->`;
  const end = `<!-- ${name}:end -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  const isOnce = (marker: string): boolean => text.split(marker).length === 2;
  if (from < 0 || to < from || !isOnce(begin) || !isOnce(end)) {
    throw new Error(`the page must have ${begin} and, behind it, ${end}, once each`);
  }
  return `${text.slice(0, from + begin.length)}\n${content.trim()}\n${text.slice(to)}`;
}
