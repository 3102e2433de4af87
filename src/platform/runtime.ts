/** Whether this is Cloudflare's runtime, by the name it gives itself. */
export function isWorkerd(): boolean {
  return globalThis.navigator?.userAgent === 'Cloudflare-Workers'
}
