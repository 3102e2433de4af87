/** Texts of findings: nothing of them shows a key or a password. */

/** A URL without its user, password and query, which may be secrets. */
export function shownUrl(text: string): string {
  const url = URL.parse(text)
  if (url === null) return text.replace(/\/\/[^/?#]*@/, '//…@').replace(/[?#].*$/s, '?…')
  const login = url.username === '' && url.password === '' ? '' : '…@'
  const query = url.search === '' ? '' : '?…'
  const path = url.pathname === '/' ? '' : url.pathname
  return `${url.protocol}//${login}${url.host}${path}${query}`
}

/** A number of bytes: `7.8 GiB`. */
export function shownBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}

/** The first few names, and how many more there are. */
export function shownList(names: readonly string[], most = 4): string {
  const shown = names.slice(0, most).join(', ')
  return names.length > most ? `${shown} and ${names.length - most} more` : shown
}
