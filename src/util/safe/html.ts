/**
 * Text for HTML: the content of an element, or an attribute in quotes. Every text that sluice did not
 * write passes it before it gets into a page.
 *
 * @example
 * htmlText('<b>') // '&#60;b&#62;'
 */
export function htmlText(words: string): string {
  return words.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
