/** JSON with its levels indented, whole or as far as it has come: what stands stays where it is. */
export function indented(json: string): string {
  let text = ''
  let depth = 0
  let isString = false
  let isEscaped = false
  const line = () => `\n${'  '.repeat(Math.min(depth, 40))}`
  for (let at = 0; at < json.length; at++) {
    const char = json[at] ?? ''
    if (isString) {
      text += char
      if (isEscaped) isEscaped = false
      else if (char === '\\') isEscaped = true
      else if (char === '"') isString = false
    } else if (char === '"') {
      isString = true
      text += char
    } else if (char === '{' || char === '[') {
      const close = char === '{' ? '}' : ']'
      const rest = json.slice(at + 1).trimStart()
      if (rest.startsWith(close)) {
        text += char + close
        at = json.indexOf(close, at)
      } else {
        depth++
        // Not before something follows it.
        text += rest === '' ? char : char + line()
      }
    } else if (char === '}' || char === ']') {
      depth = Math.max(0, depth - 1)
      text += line() + char
    } else if (char === ',') text += char + line()
    else if (char === ':') text += ': '
    else if (!/\s/.test(char)) text += char
  }
  return text
}
