/** What is wrong with a server that does not list its models, and what to do about it. */
import type { Fetch } from '../../../platform/fetch.ts'
import { deadlineSignal } from '../deadline.ts'
import type { Observation } from '../finding.ts'
import { type Answered, type Probed, probe } from '../probe.ts'
import { shownUrl } from '../shown.ts'

/** Milliseconds that other paths of a server may take. */
const NEARBY = 400

interface Asked {
  /** Its label. */
  name: string
  url: string
  hasKey: boolean
}

export async function unusable(
  asked: Asked,
  probed: Exclude<Probed, Answered>,
  fetch: Fetch,
  signal: AbortSignal,
): Promise<Observation> {
  const { name, url } = asked
  const shown = `${name} (${shownUrl(url)})`
  if (probed.kind === 'unreachable') return unreachable(asked, shown, probed.failure)
  if (probed.kind === 'refused') {
    const text = asked.hasKey
      ? `${shown} refuses the key that is set for it (status ${probed.status}).`
      : `${shown} asks for a key (status ${probed.status}), and none is set.`
    const remedy = 'Set its key, in the order of the upstreams.'
    return {
      code: 'key_refused',
      level: 'problem',
      text,
      remedy,
      command: 'export SLUICE_UPSTREAM_KEY=KEY',
    }
  }
  if (probed.kind === 'redirect') {
    const to = probed.location === undefined ? 'elsewhere' : `to ${shownUrl(probed.location)}`
    const final = probed.location?.replace(/\/models\/?$/, '')
    const text = `${shown} redirects ${to} (status ${probed.status}), which sluice does not follow.`
    const remedy = 'Set its final address.'
    return {
      code: 'redirects',
      level: 'problem',
      text,
      remedy,
      ...(final && /^https?:/.test(final) && { command: `--upstream ${name}=${shownUrl(final)}` }),
    }
  }
  const better = await apiNearby(url, fetch, signal)
  const what =
    probed.kind === 'html'
      ? 'answers with a web page'
      : `answers GET /models with status ${probed.status} and no list of models`
  return {
    code: probed.kind === 'html' ? 'answers_html' : 'answers_wrong',
    level: 'problem',
    text: `${shown} ${what}${better === undefined ? '' : `; its API is at ${shownUrl(better)}`}.`,
    remedy: 'Correct its address: that of most servers ends in /v1.',
    ...(better !== undefined && { command: `--upstream ${name}=${shownUrl(better)}` }),
  }
}

function unreachable(
  { name, url }: Asked,
  shown: string,
  { code, text }: { code: string; text: string },
): Observation {
  const remedies: Readonly<Record<string, string>> = {
    refused: 'Start it, or correct its address.',
    name_unknown: 'Correct the host name, or use an IP address.',
    timeout: 'See whether it hangs, or whether a firewall is between.',
    no_route: 'See whether the network of that machine can be reached from here.',
    not_http: 'Correct the port: that of its HTTP API is needed.',
    reset: 'Correct the port, or look at the output of that server.',
    tls_none: 'Write http: instead of https: in its address.',
    tls_untrusted:
      'Trust its authority: start sluice with NODE_EXTRA_CA_CERTS=FILE, on Deno with DENO_CERT=FILE.',
    tls_name: 'Use the name that its certificate is for.',
    tls_expired: 'Renew the certificate of that server.',
  }
  const isTls = code.startsWith('tls')
  const command =
    code === 'tls_none'
      ? `--upstream ${name}=${shownUrl(url.replace(/^https:/, 'http:'))}`
      : `curl -sS ${shownUrl(url)}/models`
  return {
    code: isTls ? 'tls' : 'unreachable',
    level: 'problem',
    text: `${shown} cannot be used: ${text}.`,
    remedy: remedies[code] ?? 'See what this says:',
    command,
  }
}

/** The root of the API where it is, if the address that was given leads to something else. */
async function apiNearby(
  url: string,
  fetch: Fetch,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { origin, pathname } = new URL(url)
  const others = ['/v1', '/api/v1', '/openai/v1'].filter((path) => path !== pathname)
  const limit = deadlineSignal(NEARBY, signal)
  const probed = await Promise.all(
    others.map(
      async (path) => [path, await probe(fetch, origin + path, undefined, limit)] as const,
    ),
  )
  const found = probed.find(([, { kind }]) => kind === 'answered' || kind === 'refused')
  return found && origin + found[0]
}
