import { metricsType, writeMetrics } from '../telemetry/metrics/exposition.ts'
import { gaugesOf } from '../telemetry/metrics/gauges.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import type { RouteHandler } from './route.ts'
import { sourcesOf } from './telemetry-sources.ts'

/** `GET /metrics`, for Prometheus. Rejects with an `ApiError` (404) where metrics are switched off. */
export const readMetrics: RouteHandler = async (request, _trace, context) => {
  const { metrics } = context.telemetry
  if (!metrics?.isOn) throw switchedOff()
  // What scrapes watches the engines: without other requests, nothing else would notice that one is down.
  sourcesOf(context).refresh()
  const type = metricsType(request.headers.get('accept'))
  const gauges = gaugesOf(sourcesOf(context), metrics.running, context.hostName)
  return new Response(writeMetrics(metrics.registry, gauges, type), {
    headers: { 'content-type': type.contentType, 'cache-control': 'no-store' },
  })
}

function switchedOff(): ApiError {
  const message =
    'metrics: expected the setting to be true, got false, so nothing is measured; start without --no-metrics.'
  return new ApiError(404, message, { code: 'not_found' })
}
