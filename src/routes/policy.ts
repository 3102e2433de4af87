/**
 * What browsers may do with the pages of a server. A model's text is shown on one of them, so the
 * policies allow only what the pages themselves need.
 */

/** No page may be framed, send forms elsewhere, or change what its links are relative to. */
const CLOSED = ["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]

/** For answers that show requests: no page of another site may load them, not even as a script or an image. */
export const SAME_ORIGIN = { 'cross-origin-resource-policy': 'same-origin' }

/** For errors, which a browser shows as a document if one is opened in a tab. */
export const CLOSED_POLICY = ["default-src 'none'", ...CLOSED].join('; ')

/**
 * For the page that shows a model's text. It connects to its own server alone and loads no image from
 * anywhere, so that no request can leave it because of what a model said; what renders the text may not
 * be given HTML except by the sanitizer and scripts except by `demo/own-script.ts`.
 */
const SHOWING_TEXT = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  'img-src data:',
  "connect-src 'self'",
  "worker-src 'self'",
  "require-trusted-types-for 'script'",
  'trusted-types dompurify sluice',
]

/** The same in the page's own HTML, for hosts that serve only files; it can't forbid frames there. */
export const EMBEDDED_POLICY = [...SHOWING_TEXT, ...CLOSED.slice(0, -1)].join('; ')

const PAGE_POLICY = [...SHOWING_TEXT, ...CLOSED].join('; ')

/**
 * For the worker that runs web-llm: it never sees HTML. It downloads models from wherever the list of
 * models says, to which users add their own, and compiles WebAssembly.
 */
const ENGINE_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "connect-src 'self' https: http: data: blob:",
].join('; ')

/** For the workers that ask the server that served them: the service worker, and the one of the link. */
const ASKING_POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'"

/** For the description of the API. */
const OPENAPI_POLICY = ["default-src 'none'", "style-src 'self'", "img-src 'self'", ...CLOSED].join(
  '; ',
)

/** For the page's file of this name. */
export function filePolicy(name: string): string {
  if (name === 'openapi.html') return OPENAPI_POLICY
  if (name.endsWith('.html')) return PAGE_POLICY
  if (name === 'service-worker.js' || /^assets\/link-[^/]*\.js$/.test(name)) return ASKING_POLICY
  return /^assets\/engine-[^/]*\.js$/.test(name) ? ENGINE_POLICY : CLOSED_POLICY
}

/** Texts, not promises: on workerd no request may wait for a promise of another. */
const policies = new Map<string, string>()

/** For a page whose only parts are this style sheet and, where there is one, this script, within it. */
export async function statusPolicy(style: string, script = ''): Promise<string> {
  const known = policies.get(style + script)
  if (known !== undefined) return known
  const scripts = [`script-src ${await hashOf(script)}`, "connect-src 'self'"]
  const policy = [
    "default-src 'none'",
    `style-src ${await hashOf(style)}`,
    ...(script === '' ? [] : scripts),
    ...CLOSED,
  ].join('; ')
  policies.set(style + script, policy)
  return policy
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`
}
