/**
 * What browsers may do with the pages of a server. A model's text is shown on one of them, so the
 * policies allow only what the pages themselves need.
 */

/** No page may be framed, send forms elsewhere, or change what its links are relative to. */
const CLOSED = ["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]

/** For errors, which a browser shows as a document if one is opened in a tab. */
export const CLOSED_POLICY = ["default-src 'none'", ...CLOSED].join('; ')

/** Texts, not promises: on workerd no request may wait for a promise of another. */
const policies = new Map<string, string>()

/** For a page whose only part is this style sheet, within it. */
export async function statusPolicy(style: string): Promise<string> {
  const known = policies.get(style)
  if (known !== undefined) return known
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style))
  const hash = btoa(String.fromCharCode(...new Uint8Array(digest)))
  const policy = ["default-src 'none'", `style-src 'sha256-${hash}'`, ...CLOSED].join('; ')
  policies.set(style, policy)
  return policy
}
