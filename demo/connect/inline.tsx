/** A sentence of the documentation: text with code. Its links lead to files, so only their words are shown. */
export function Inline({ text }: { text: string }) {
  const words = text.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').split('`')
  return words.map((each, index) => (index % 2 === 1 ? <code key={index}>{each}</code> : each))
}
