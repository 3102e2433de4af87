import { environmentName } from '../settings/environment.ts'
import { fields, type SettingName } from '../settings/settings.ts'
import { flagName } from './flags.ts'

interface Help {
  /** What stands for the value: `PORT`; none for an on-off flag. */
  value?: string
  text: string
}

type Group = Partial<Record<SettingName, Help>>

export const groups: Readonly<Record<string, Group>> = {
  'Where it listens': {
    port: { value: 'PORT', text: 'The port; 0 lets the system choose one.' },
    host: {
      value: 'ADDRESS',
      text: 'The address. Any but a loopback one opens it to other machines.',
    },
    tlsCert: {
      value: 'FILE',
      text: 'Serve over https by this certificate, in PEM, its chain included. With --tls-key.',
    },
    tlsKey: { value: 'FILE', text: 'The key of that certificate, in PEM, without a passphrase.' },
  },
  'Who may ask': {
    keys: {
      text: 'JSON: the entries that "sluice key new NAME" prints, or NAME=sha256:… with commas between. Without keys only this machine may ask.',
    },
    insecure: { text: 'Serve anyone who can reach it, without a key.' },
    allowHost: {
      value: 'NAME',
      text: 'A host name, besides localhost, that it answers to. May be given several times.',
    },
    allowOrigin: {
      value: 'ORIGIN',
      text: 'A site whose pages may ask, such as https://app.example.com or https://*.example.com. May be given several times.',
    },
  },
  'Where tokens come from': {
    upstream: {
      value: '[LABEL=]URL',
      text: 'A server that speaks the OpenAI API. May be given several times.',
    },
    upstreamKey: {
      text: 'Keys of the upstreams, in their order. Not a flag: a process list would show it.',
    },
    finishReason: {
      value: 'WORD',
      text: 'How a stream is judged that sends [DONE] without a finish reason. required: it failed. optional: it ended with "stop". learn: "stop" if some content came, until the server has sent a finish reason for that model; from then on it failed. SLUICE_CONFIG can set it for one upstream.',
    },
    lenient: {
      value: 'LABEL|URL',
      text: 'Deprecated, use --finish-reason: an upstream whose finish reason is optional. May be given several times.',
    },
    discover: {
      text: 'Look for well-known servers on this machine. By default if there is no --upstream.',
    },
    maxConcurrency: {
      value: 'N',
      text: 'How many requests an upstream is given at once; the others wait in line, each client in turn. Any number by default; SLUICE_CONFIG can say it of one upstream.',
    },
    queue: { value: 'N', text: 'How many may wait in that line.' },
    alias: {
      value: 'NAME=MODEL',
      text: 'Another name for a model, such as gpt-4o=qwen3:8b. May be given several times.',
    },
    contextFallback: {
      value: 'MODEL=FALLBACK',
      text: 'The model that answers what is too long for another. May be given several times.',
    },
    retry: {
      text: 'Ask the only upstream that serves a model once more where it failed before its first chunk, and wait for it while it loads its model. On by default.',
    },
    model: {
      value: 'NAME',
      text: 'The model of a request that names none. With --webgpu it is loaded at the start.',
    },
    engine: {
      value: 'replay:FILE',
      text: 'Answers as a recording does that "sluice record" made. Behind a ?: speed=2, split=1, jitter=20ms, seed=1. May be given several times. Not on workerd.',
    },
    webgpu: {
      text: "Run models on this computer's GPU, without a server behind. Only on Deno.",
    },
    webgpuModels: {
      value: 'FILE|URL',
      text: 'JSON with models of your own, in the form of web-llm’s model_list.',
    },
    webgpuMemory: { value: 'SIZE', text: 'Leaves out models that need more memory.' },
    webgpuQueue: { value: 'N', text: 'How many requests may wait for the GPU.' },
    webgpuIdle: { value: 'TIME', text: 'Frees the GPU’s memory after so long without a request.' },
    reasoning: {
      value: 'NAME',
      text: 'The field reasoning is sent in; keep leaves it as it came.',
    },
    thinkTags: {
      value: 'HOW',
      text: 'What becomes of <think>…</think> at an answer’s start: keep leaves it in the text, separate makes it reasoning, unopened does so where the model’s template wrote <think> and only </think> comes. SLUICE_CONFIG can say it, and --reasoning, of one upstream.',
    },
    systemMessages: {
      value: 'HOW',
      text: 'How system messages are sent to an upstream that is asked for a chat. merge joins the leading ones into one string and moves later ones into user messages, because many chat templates refuse anything else; keep sends them as they came. SLUICE_CONFIG can set it for one upstream.',
    },
    staticText: { value: 'TEXT', text: 'The sentence of the model "static".' },
    staticDelay: { value: 'TIME', text: 'The time between two of its words.' },
  },
  'How long, how much': {
    headerWait: {
      value: 'TIME',
      text: 'How long headers wait for the first chunk, so that an early failure has its status.',
    },
    heartbeat: {
      value: 'TIME',
      text: 'How long a line stays quiet before a heartbeat. 2s on workerd.',
    },
    answerTimeout: { value: 'TIME', text: 'The longest an engine may load or queue.' },
    attemptTimeout: {
      value: 'TIME',
      text: 'How long one of several engines may send nothing before another is asked.',
    },
    firstTokenTimeout: { value: 'TIME', text: 'The longest wait for the first token after that.' },
    tokenTimeout: { value: 'TIME', text: 'The longest pause between two tokens.' },
    clientTimeout: { value: 'TIME', text: 'The longest a client may read nothing.' },
    grace: { value: 'TIME', text: 'How long running streams may go on after SIGTERM or SIGINT.' },
    maxBody: { value: 'SIZE', text: 'The largest request.' },
    maxMessages: { value: 'N', text: 'The most messages, prompts or inputs of one request.' },
    maxTools: { value: 'N', text: 'The most tools of one request.' },
    bodyTimeout: {
      value: 'TIME',
      text: 'The longest a client may take to send a request’s headers, and as long again its body.',
    },
  },
  'What it says': {
    log: {
      value: 'FORM',
      text: 'The line of each request: auto is text on a terminal, else json.',
    },
  },
}

const width = 80
const indent = '      '

/** The text of `sluice --help`: every setting with its flag, its variable and its default. */
export function helpText(): string {
  const lines = [
    'sluice serves the OpenAI and Anthropic APIs, streaming first, in front of the',
    'model servers on this machine.',
    '',
    'Usage: sluice [serve] [flags]',
    '       sluice chat [URL]      talk with a model in the terminal',
    '       sluice check URL       judge how a server streams, by named rules',
    '       sluice record URL      keep a stream as it arrives, bytes and times',
    '       sluice replay FILE …   serve recordings, with the same bytes and times',
    '       sluice key new NAME    make a key, and the entry that lets it in',
    '       sluice schema          print the JSON Schema of the settings file',
  ]
  for (const [title, group] of Object.entries(groups)) {
    lines.push('', `${title}:`)
    for (const [name, help] of Object.entries(group))
      lines.push(...describe(name as SettingName, help))
  }
  lines.push(
    '',
    'Others:',
    '  --config FILE',
    ...wrap(
      'The settings file; sluice.json in this folder by default, if there is one. Read anew when it changes, and on SIGHUP. [SLUICE_CONFIG_FILE]',
      indent,
    ),
    '  -h, --help',
    `${indent}Print this.`,
    '  --version',
    `${indent}Print the version.`,
    '',
    ...wrap(
      'A TIME is a number of milliseconds or has a unit (500ms, 10s, 1.5m, 1h), a SIZE a number of bytes or one of kB, MB, GB, KiB, MiB, GiB. Flags go before the environment, that before SLUICE_CONFIG, which holds all of it as JSON ({"staticDelay": 50}), and that before the settings file, which holds the same.',
      '',
    ),
  )
  return `${lines.join('\n')}\n`
}

function describe(name: SettingName, help: Help): string[] {
  const field = fields[name]
  const flag =
    field.kind === 'boolean' ? `${flagName(name)}, --no-${flagName(name).slice(2)}` : flagName(name)
  const usage = field.secret
    ? environmentName(name)
    : `${flag}${help.value ? ` ${help.value}` : ''}`
  const choices = field.kind === 'choice' ? ` ${capital(field.expected)}.` : ''
  const fallback = showDefault(name)
  const details = [
    ...(field.secret ? [] : [environmentName(name)]),
    ...(fallback ? [`default ${fallback}`] : []),
  ]
  const text = `${help.text}${choices}`
  return [
    `  ${usage}`,
    ...wrap(details.length > 0 ? `${text} [${details.join(', ')}]` : text, indent),
  ]
}

function showDefault(name: SettingName): string | undefined {
  const { default: value, kind } = fields[name]
  if (typeof value === 'string') return name === 'staticText' ? JSON.stringify(value) : value
  if (typeof value !== 'number') return undefined
  if (kind === 'time') return showTime(value)
  return kind === 'size' ? `${value / 1e6}MB` : String(value)
}

function showTime(milliseconds: number): string {
  if (milliseconds >= 60_000) return `${milliseconds / 60_000}m`
  return milliseconds >= 1_000 ? `${milliseconds / 1_000}s` : `${milliseconds}ms`
}

function wrap(text: string, margin: string): string[] {
  const lines: string[] = []
  let line = margin
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > width && line !== margin) {
      lines.push(line)
      line = margin
    }
    line += line === margin ? word : ` ${word}`
  }
  return [...lines, line]
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
