/** Where this page comes from. */

/** The address of sluice, without a slash at its end: what the base URLs of clients begin with. */
export function ownAddress(): string {
  return new URL('.', document.baseURI).href.replace(/\/$/, '')
}

/** Whether this page was opened on the machine that serves it. */
export function isOnThisMachine(host = location.hostname): boolean {
  return /^(?:localhost|.+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(host)
}
