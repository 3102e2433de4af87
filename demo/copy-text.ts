/** Copies a text; resolves with whether it could. */
export async function copyText(text: string): Promise<boolean> {
  // There is none on a page without https, except on localhost.
  const clipboard = navigator.clipboard as Clipboard | undefined
  if (clipboard === undefined) return copyByEvent(text)
  try {
    await clipboard.writeText(text)
    return true
  } catch {
    return copyByEvent(text)
  }
}

/** Pages from plain http may copy only what a copy command of theirs is given, while a button is pressed. */
function copyByEvent(text: string): boolean {
  let isCopied = false
  const give = (event: ClipboardEvent) => {
    event.preventDefault()
    event.clipboardData?.setData('text/plain', text)
    isCopied = true
  }
  document.addEventListener('copy', give, { once: true })
  document.execCommand('copy')
  document.removeEventListener('copy', give)
  return isCopied
}
