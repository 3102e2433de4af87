import type { Recording } from '../../recording/recording.ts'
import type { Findings } from '../findings.ts'

/** Checks the response headers of a stream. */
export function checkHeaders({ response }: Recording, findings: Findings): void {
  const headers = new Map(response?.headers.map(([name, value]) => [name.toLowerCase(), value]))
  const type = headers.get('content-type') ?? ''
  if (!/^text\/event-stream *(;|$)/i.test(type)) {
    findings.add('content-type', type === '' ? 'none' : type)
  }
  const length = headers.get('content-length')
  if (length !== undefined) findings.add('content-length', `content-length: ${length}`)
  const encoding = headers.get('content-encoding')
  if (encoding !== undefined && encoding !== 'identity') findings.add('content-encoding', encoding)
  const control = headers.get('cache-control') ?? ''
  if (!/no-cache|no-store/i.test(control)) {
    findings.add('cache-control', control === '' ? 'none' : control)
  }
  // nginx obeys the header and removes it from the response.
  const isBehindNginx = /nginx/i.test(headers.get('server') ?? '')
  if (headers.get('x-accel-buffering') !== 'no' && !isBehindNginx) {
    findings.add('buffering-hint', headers.get('x-accel-buffering') ?? 'none')
  }
}
