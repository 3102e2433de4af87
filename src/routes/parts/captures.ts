import { requireCapturedKey } from '../../settings/capture-rule.ts'
import { captures as captureSettings } from '../../settings/table/of-parts.ts'
import { Captures } from '../../telemetry/captures/captures.ts'
import { entries, get, post, remove } from '../table-entry.ts'
import { telemetrySources } from '../telemetry-sources.ts'
import type { HandlerPart } from './part.ts'

const module = () => import('../captures.ts')

/** `GET /v1/captures`: requests and answers, recorded in memory. */
export const captures = {
  name: 'captures',
  settings: captureSettings,
  sources: telemetrySources,
  telemetry: { captures: () => new Captures() },
  check: requireCapturedKey,
  routes: entries({
    listCaptures: get('admin', '/v1/captures', 'CaptureList', module),
    changeCaptures: post('admin', '/v1/captures', 'CaptureChange', 'CaptureList', module),
    deleteCaptures: remove('admin', '/v1/captures', 'CaptureList', module),
    retrieveCapture: get('admin', '/v1/captures/:id', 'application/x-ndjson', module),
    deleteCapture: remove('admin', '/v1/captures/:id', 'CaptureDeleted', module),
  }),
} satisfies HandlerPart
