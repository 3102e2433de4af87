/** The scripts that the page starts by their URLs: its workers. */

/** The part of Trusted Types that is used; TypeScript's own types have none of it yet. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): ScriptUrls
}

interface ScriptUrls {
  createScriptURL(url: string): unknown
}

const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes }

/** The only one by which the page's Content-Security-Policy lets it name a script. */
const policy = trustedTypes?.createPolicy('sluice', { createScriptURL: ofThisServer })

/** The URL of a script of the page's own server. Throws a `TypeError` for another one. */
export function ownScript(path: string): string {
  return (policy?.createScriptURL(path) ?? ofThisServer(path)) as string
}

function ofThisServer(path: string): string {
  const { href, origin } = new URL(path, document.baseURI)
  if (origin === location.origin) return href
  throw new TypeError(`script: expected one of ${location.origin}, got one of ${origin}.`)
}
