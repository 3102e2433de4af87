import { beforeAll, describe, expect, it } from 'vitest'
import type { HostName } from '../../support/hosts.ts'
import { callInProcess } from '../../support/in-process.ts'
import { type Relay, type RelayOptions, useRelay } from '../../support/relay.ts'
import { idsIn, recordedRequests, type SdkRequest } from './requests.ts'
import { STAGES, type Stage } from './stages.ts'

/** So long that no heartbeat comes, and no status before the engine has answered: both are matters of time. */
const QUIET = ['--heartbeat', '60s', '--header-wait', '60s']

/**
 * That a host answers the requests of SDKs as a handler in this process does, which the SDKs
 * themselves are run against: the same status, type and bytes, but for ids and times.
 */
export function sameAnswers(host: HostName): void {
  beforeAll(callInProcess)
  const recorded = recordedRequests()
  for (const stage of Object.keys(STAGES) as Stage[]) {
    const requests = recorded.filter((request) => request.stage === stage)
    describe(stage, () => onStage(host, stage, requests))
  }
}

function onStage(host: HostName, stage: Stage, requests: SdkRequest[]): void {
  const options: RelayOptions = STAGES[stage]
  const quiet = { ...options, flags: [...(options.flags ?? []), ...QUIET] }
  const both = [useRelay('in-process', quiet), useRelay(host, quiet)].map((relay) => {
    return { relay, ids: new Map<string, string>() }
  })

  it.each(requests.map((request, at) => [at, nameOf(request), request] as const))(
    '%i: %s',
    async (_at, _name, request) => {
      const [expected, given] = await Promise.all(both.map((asked) => answer(asked, request)))
      expect(given).toEqual(expected)
    },
  )
}

interface Asked {
  relay: Relay
  /** Ids that this server gave, by those that were given when the requests were recorded. */
  ids: Map<string, string>
}

function nameOf({ method, path, body = '', left }: SdkRequest): string {
  return `${method} ${path} ${body.slice(0, 60)}${left ? ' (left early)' : ''}`
}

/** What a server answers, as far as it is the same each time. */
async function answer({ relay, ids }: Asked, request: SdkRequest): Promise<object> {
  const { server, upstream } = relay
  const own = upstream.script
  if (request.script) upstream.script = request.script
  const translated = (text: string) =>
    [...ids].reduce((known, [recorded, given]) => known.replaceAll(recorded, given), text)
  const control = new AbortController()
  const response = await fetch(server.url + translated(request.path), {
    method: request.method,
    headers: request.headers,
    ...(request.body !== undefined && { body: translated(request.body) }),
    signal: control.signal,
  })
  const text = request.left ? await beginning(response) : await response.text()
  control.abort()
  upstream.script = own
  for (const [at, id] of idsIn(text).entries()) {
    const recorded = request.ids[at]
    if (recorded) ids.set(recorded, id)
  }
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    text: steady(text),
  }
}

/** The first events of a stream that its client left. */
async function beginning(response: Response): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const part = await reader?.read()
    if (!part?.value) return text
    text += part.value
    // Whether a comment comes before an event is a matter of time, too.
    const events = withoutComments(text).split('\n\n')
    if (events.length > 3) return events.slice(0, 3).join('\n\n')
  }
}

/** Without comments, times and the server's own address, and with ids by the order in which they come. */
function steady(text: string): string {
  const ids = idsIn(text)
  let known = withoutComments(text)
  for (const [at, id] of ids.entries()) known = known.replaceAll(id, `ID-${at}`)
  known = known.replaceAll(/("doc_url":")http:\/\/[^/]+/g, '$1')
  known = known.replaceAll(/"obfuscation":"\w*"/g, '"obfuscation":""')
  return known.replaceAll(/"(created(?:_at)?|completed_at)":(?:\d+(?:\.\d+)?|null)/g, '"$1":0')
}

function withoutComments(text: string): string {
  return text.replaceAll(/^:.*\n+/gm, '')
}
