// When each alert fires, and when it does not: series as promtool writes them, one value each 30 seconds.

export interface AlertCase {
  alert: string
  /** From the first moment on they are such that the alert has to fire after its `for`. */
  fires: Record<string, string>
  /** The labels of the alert, besides its name and severity. */
  labels: Record<string, string>
  /** Those that look alike and must not. */
  quiet: Record<string, string>
}

const AT = 'job="sluice",instance="a:1"'
const at = { job: 'sluice', instance: 'a:1' }
const gpu = { ...at, engine: 'gpu' }
const model = { job: 'sluice', engine: 'gpu', model: 'm' }

/** A value that stays. */
const is = (value: number) => `${value}x120`
/** A counter that grows by this each 30 seconds. */
const by = (step: number) => `0+${step}x120`

const up = { [`up{${AT}}`]: is(1) }
const requests = (outcome: string, named = 'm') =>
  `sluice_requests_total{${AT},outcome="${outcome}",model="${named}"}`
const bucket = (name: string, le: string, more = '') =>
  `${name}_bucket{${AT},engine="gpu"${more},le="${le}"}`
const first = (le: string) => bucket('sluice_time_to_first_token_seconds', le, ',model="m"')
const stop = (le: string) => bucket('sluice_engine_stop_seconds', le)
const stalls = `sluice_stalls_total{${AT},engine="gpu",model="m"}`
const answers = `sluice_time_to_first_token_seconds_count{${AT},engine="gpu",model="m"}`
const engine = (label: string) => `sluice_engine_up{${AT},engine="${label}"}`
const hits = `sluice_limit_hits_total{${AT},key="ann",limit="tokens"}`
const breaker = (state: string) => `sluice_breaker_state{${AT},engine="gpu",state="${state}"}`
const waiting = `sluice_queue_waiting{${AT}}`
const most = `sluice_queue_limit{${AT}}`
const dropped = `sluice_series_dropped_total{${AT},metric="sluice_tokens_total"}`

export const cases: AlertCase[] = [
  {
    alert: 'SluiceMetricsMissing',
    fires: { 'up{job="node"}': is(1) },
    labels: { job: 'sluice' },
    quiet: up,
  },
  { alert: 'SluiceDown', fires: { [`up{${AT}}`]: is(0) }, labels: at, quiet: up },
  {
    alert: 'SluiceNoEngine',
    // The built-in engine is always up, and answers nobody's question.
    fires: { [engine('gpu')]: is(0), [engine('cpu')]: is(0), [engine('static')]: is(1) },
    labels: at,
    quiet: { [engine('gpu')]: is(0), [engine('cpu')]: is(1), [engine('static')]: is(1) },
  },
  {
    alert: 'SluiceEngineDown',
    fires: { [engine('gpu')]: is(0) },
    labels: gpu,
    // It starts anew every five minutes, and is back after one.
    quiet: { [engine('gpu')]: '1 1 1 1 1 1 1 1 0 0 1 1 1 1 1 1 1 1 0 0 1 1 1 1 1 1 1 1 0 0 1 1' },
  },
  {
    alert: 'SluiceBreakerOpen',
    // Half-open at each other scrape, while a request tries the engine.
    fires: { [breaker('open')]: '1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0' },
    labels: { ...gpu, state: 'open' },
    quiet: { [breaker('open')]: `0 1 ${is(0)}`, [breaker('half-open')]: is(1) },
  },
  {
    alert: 'SluiceFailures',
    fires: { [requests('failed')]: by(1), [requests('finished')]: by(9) },
    labels: at,
    // Many refusals and cancelled ones, and failures of what names no model.
    quiet: {
      [requests('failed')]: by(1),
      [requests('finished')]: by(30),
      [requests('refused')]: by(20),
      [requests('cancelled')]: by(20),
      [requests('failed', '')]: by(500),
    },
  },
  {
    alert: 'SluiceFailures',
    fires: { [requests('failed')]: by(1) },
    labels: at,
    // One failure of one request in a quiet night.
    quiet: { [requests('failed')]: `0x10 1x110` },
  },
  {
    alert: 'SluiceFirstTokenSlow',
    fires: { [first('20.0')]: by(8), [first('40.0')]: by(10), [first('+Inf')]: by(10) },
    labels: model,
    quiet: { [first('20.0')]: by(99), [first('40.0')]: by(100), [first('+Inf')]: by(100) },
  },
  {
    alert: 'SluiceStalls',
    fires: { [stalls]: by(2), [answers]: by(10) },
    labels: model,
    quiet: { [stalls]: by(1), [answers]: by(11) },
  },
  {
    alert: 'SluiceQueueNearLimit',
    fires: { [waiting]: is(81), [most]: is(100) },
    labels: at,
    quiet: { [waiting]: is(80), [most]: is(100) },
  },
  {
    alert: 'SluiceQueueNearLimit',
    fires: { [waiting]: is(9), [most]: is(10) },
    labels: at,
    // A sluice without a queue (--queue 0).
    quiet: { [waiting]: is(0), [most]: is(0) },
  },
  {
    alert: 'SluiceLimitHits',
    fires: { [hits]: by(3) },
    labels: { ...at, key: 'ann', limit: 'tokens' },
    quiet: { [hits]: '0x10 15x110' },
  },
  {
    alert: 'SluiceEngineStopSlow',
    fires: { [stop('2.5')]: by(1), [stop('10.0')]: by(10), [stop('+Inf')]: by(10) },
    labels: { job: 'sluice', engine: 'gpu' },
    quiet: { [stop('2.5')]: by(10), [stop('10.0')]: by(10), [stop('+Inf')]: by(10) },
  },
  {
    alert: 'SluiceSeriesDropped',
    fires: { [dropped]: by(1) },
    labels: { ...at, metric: 'sluice_tokens_total' },
    quiet: { [dropped]: is(7) },
  },
  {
    alert: 'SluiceSpansDropped',
    fires: { [`sluice_spans_dropped_total{${AT}}`]: by(3) },
    labels: at,
    quiet: { [`sluice_spans_dropped_total{${AT}}`]: is(3) },
  },
  {
    alert: 'SluiceStateAway',
    fires: { [`sluice_state_up{${AT}}`]: is(0) },
    labels: at,
    quiet: { [`sluice_state_up{${AT}}`]: is(1) },
  },
]
