// Why the page could not be built, in words: for the browser without this machine's folders, for the log whole.

import { InstallError } from './page-packages.mjs'

/**
 * @param {unknown} error
 * @returns {{ reason: string, remedy: string, log: string }}
 */
export function explained(error) {
  if (error instanceof InstallError) {
    const remedy = error.isOffline
      ? 'Connect this machine to the internet, or tell npm of its proxy, and load this page again.'
      : 'Read what npm printed in the log of this server, and load this page again.'
    const output = error.output.trim()
    const log = `the page's packages could not be installed: npm: ${error.reason}; the API works without the page. Solve this and load the page again, or start with --no-page.`
    return { reason: `npm: ${error.reason}`, remedy, log: output ? `${log}\n${output}` : log }
  }
  const [first] = messagesOf(error)
  const remedy = 'Correct that, and load this page again.'
  if (first === undefined) {
    const reason = error instanceof Error ? error.message : String(error)
    return {
      reason: 'an error that the log of this server names',
      remedy: 'Read that log, and load this page again.',
      log: `it could not be built: ${reason}; the API works without it. Solve this and load the page again, or start with --no-page.`,
    }
  }
  const all = messagesOf(error).map((message) => `  ${placed(message)}`)
  const log = `it could not be built, and the last build is served where there is one:\n${all.join('\n')}`
  return { reason: placed(first), remedy, log }
}

/** esbuild's. @param {unknown} error @returns {import('esbuild').Message[]} */
function messagesOf(error) {
  return /** @type {Partial<import('esbuild').BuildFailure>} */ (error)?.errors ?? []
}

/** `demo/chat.tsx:12:4: Expected ";" but found "}"` @param {import('esbuild').Message} message */
function placed({ text, location }) {
  return location ? `${location.file}:${location.line}:${location.column}: ${text}` : text
}
