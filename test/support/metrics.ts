// Reads what GET /metrics answers, and judges its form: by this, not by sluice's own code, tests know it.

/** One line with a value: its name, labels and value. */
export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

export interface Scrape {
  contentType: string
  text: string
  samples: Sample[]
  /** The sum of all samples of this name that have these labels; 0 where there are none. */
  sum(name: string, labels?: Record<string, string>): number
  /** The values of one label over all samples of this name. */
  values(name: string, label: string): string[]
}

/** Asks a server for its metrics. Rejects where the status is not 200 or the form is wrong. */
export async function scrape(
  base: string,
  { open = false, headers = {} }: { open?: boolean; headers?: Record<string, string> } = {},
  fetcher: (request: Request) => Promise<Response> = fetch,
): Promise<Scrape> {
  const accept = open ? 'application/openmetrics-text; version=1.0.0' : 'text/plain'
  const request = new Request(`${base}/metrics`, { headers: { accept, ...headers } })
  const response = await fetcher(request)
  const text = await response.text()
  if (response.status !== 200) throw new Error(`GET /metrics answered ${response.status}: ${text}`)
  const samples = open ? readOpenMetrics(text) : readText(text)
  const matching = (name: string, labels: Record<string, string> = {}) =>
    samples.filter((sample) => {
      const given = Object.entries(labels)
      return sample.name === name && given.every(([key, value]) => sample.labels[key] === value)
    })
  return {
    contentType: response.headers.get('content-type') ?? '',
    text,
    samples,
    sum: (name, labels) => matching(name, labels).reduce((sum, { value }) => sum + value, 0),
    values: (name, label) => [
      ...new Set(matching(name).map(({ labels }) => labels[label] as string)),
    ],
  }
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/

/** Prometheus's text format 0.0.4. Throws for anything that it does not allow, or that sluice should not do. */
export function readText(text: string): Sample[] {
  return read(text, (name) => name)
}

/** OpenMetrics 1.0, in the same way. */
export function readOpenMetrics(text: string): Sample[] {
  if (!text.endsWith('\n# EOF\n')) throw new Error('OpenMetrics: the last line is not "# EOF"')
  const body = text.slice(0, -'# EOF\n'.length)
  if (body.includes('# EOF')) throw new Error('OpenMetrics: "# EOF" before the end')
  return read(body, (name, type) => {
    if (type === 'counter') return `${name}_total`
    return type === 'info' ? `${name}_info` : name
  })
}

/** `sampleName`: what the samples of a metric are called. */
function read(text: string, sampleName: (name: string, type: string) => string): Sample[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no line feed')
  const samples: Sample[] = []
  const described = new Set<string>()
  const seen = new Set<string>()
  let current = { name: '', type: '' }
  for (const line of text.slice(0, -1).split('\n')) {
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE|UNIT) (\S+) (.+)$/.exec(line) ?? []
    if (word === 'HELP') {
      if (described.has(name) || !NAME.test(name)) throw new Error(`not one group: ${line}`)
      described.add(name)
      current = { name, type: '' }
    } else if (word === 'TYPE') {
      if (name !== current.name || current.type !== '') throw new Error(`out of place: ${line}`)
      current.type = rest
    } else if (word === 'UNIT') {
      if (name !== current.name || !name.endsWith(`_${rest}`)) throw new Error(`wrong: ${line}`)
    } else {
      const sample = readSample(line)
      const own = sampleName(current.name, current.type)
      const names = current.type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
      if (!names.some((suffix) => sample.name === own + suffix))
        throw new Error(`not of ${current.name}: ${line}`)
      const id = line.slice(0, line.lastIndexOf(' '))
      if (seen.has(id)) throw new Error(`twice: ${line}`)
      seen.add(id)
      samples.push(sample)
    }
  }
  requireCumulative(samples)
  return samples
}

function readSample(line: string): Sample {
  const [, name = '', inner = '', number = ''] = SAMPLE.exec(line) ?? []
  if (name === '') throw new Error(`no sample: ${line}`)
  const value = Number(number)
  if (number === '' || Number.isNaN(value)) throw new Error(`no number: ${line}`)
  const labels: Record<string, string> = {}
  for (let rest = inner; rest !== ''; ) {
    const [all = '', label = '', escaped = ''] = LABEL.exec(rest) ?? []
    if (all === '' || label in labels) throw new Error(`wrong labels: ${line}`)
    labels[label] = escaped.replace(/\\(.)/g, (_, char) => (char === 'n' ? '\n' : char))
    rest = rest.slice(all.length)
  }
  return { name, labels, value }
}

/** The buckets of a histogram only grow, and the last one, `+Inf`, is its count. */
function requireCumulative(samples: readonly Sample[]): void {
  let before = 0
  for (const [index, { name, labels, value }] of samples.entries()) {
    if (!name.endsWith('_bucket')) {
      before = 0
      continue
    }
    if (value < before) throw new Error(`${name} le=${labels.le}: less than the bucket before`)
    before = value
    if (labels.le !== '+Inf') continue
    const count = samples[index + 2]
    if (count?.value !== value || !count.name.endsWith('_count'))
      throw new Error(`${name}: +Inf is not the count`)
  }
}
