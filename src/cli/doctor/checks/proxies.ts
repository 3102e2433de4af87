/** Proxies that the environment names, and what they catch. */
import { isLoopback } from '../../../guard/host.ts'
import type { Check, Examination, Observation } from '../finding.ts'
import { shownList, shownUrl } from '../shown.ts'

const NAMES = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy']

export const checkProxies: Check = async ({ host: { env }, settings }) =>
  proxiesFound(env, settings)

export function proxiesFound(
  env: Examination['host']['env'],
  { upstream }: Pick<Examination['settings'], 'upstream'>,
): Observation[] {
  const set = NAMES.filter((name) => env[name])
  if (set.length === 0) return []
  const shown = set.map((name) => `${name}=${shownUrl(env[name] ?? '')}`)
  const excepted = env.NO_PROXY || env.no_proxy || ''
  const findings: Observation[] = [
    { code: 'proxy', level: 'ok', text: `A proxy is set: ${shownList(shown, 6)}.` },
  ]
  if (!isExcepted('127.0.0.1', excepted) || !isExcepted('localhost', excepted)) {
    findings.push({
      code: 'proxy_catches_loopback',
      level: 'warning',
      text: 'Programs that use sluice may send requests for this machine to the proxy, since NO_PROXY does not except it; sluice itself does not.',
      remedy: 'Except this machine in the environment of the clients.',
      command: `export NO_PROXY="localhost,127.0.0.1,::1${excepted === '' ? '' : `,${excepted}`}"`,
    })
  }
  const caught = upstream
    .map(({ url }) => URL.parse(url)?.hostname ?? '')
    .filter((name) => name !== '' && !isLoopback(name) && !isExcepted(name, excepted))
  if (caught.length > 0) {
    findings.push({
      code: 'proxy_catches_upstream',
      level: 'hint',
      text: `Requests to ${shownList([...new Set(caught)])} go through the proxy, which may hold streams back.`,
      remedy: 'Except a server that can be reached directly.',
      command: `export NO_PROXY="${[...new Set(caught), ...(excepted === '' ? [] : [excepted])].join(',')}"`,
    })
  }
  return findings
}

/** Whether a list of names, as NO_PROXY is one, has this name or a domain of it. */
function isExcepted(name: string, list: string): boolean {
  return list.split(/[\s,]+/).some((each) => {
    const entry = each
      .toLowerCase()
      .replace(/:\d+$/, '')
      .replace(/^\*?\./, '')
    if (each === '*') return true
    return entry !== '' && (name === entry || name.endsWith(`.${entry}`))
  })
}
