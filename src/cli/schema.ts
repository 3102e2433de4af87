import { type Field, fields, type SettingName } from '../settings/settings.ts'
import { reasoningNames, systemMessages, thinkTags } from '../settings/thinking.ts'
import { finishReasons } from '../settings/upstreams.ts'
import { nativeApis } from '../wire/native.ts'
import { groups } from './help.ts'

/** A JSON Schema, as far as it is used here. */
export interface Schema {
  type?: string | string[]
  description?: string
  [keyword: string]: unknown
}

const text = { type: 'string', minLength: 1 }
const texts = { type: 'array', items: text }
const names = { type: 'object', additionalProperties: text }
const amount = { type: 'integer', minimum: 1 }

/** What an upstream may be in a settings file; `label=url` as text is the short form. */
export const upstreamParts: Record<string, Schema> = {
  url: { ...text, description: 'The root of its API, such as http://127.0.0.1:11434/v1.' },
  label: { ...text, description: 'What logs and messages call it.' },
  key: { type: 'string', description: 'Sent to it as "Authorization: Bearer KEY".' },
  finishReason: {
    enum: finishReasons,
    description: 'How a stream is judged that sends [DONE] without a finish reason.',
  },
  lenient: {
    type: 'boolean',
    deprecated: true,
    description: 'The old form of "finishReason": "optional".',
  },
  maxConcurrency: { ...amount, description: 'How many requests it is given at once.' },
  models: { ...texts, description: 'The names it may be asked for; * stands for anything.' },
  rewrite: { ...names, description: 'What it calls the models that clients know by other names.' },
  reasoning: { enum: reasoningNames, description: 'The field reasoning is sent in.' },
  thinkTags: { enum: thinkTags, description: 'What becomes of <think>…</think> in its answers.' },
  systemMessages: { enum: systemMessages, description: 'How system messages are sent to it.' },
  nativeApis: {
    type: 'array',
    items: { enum: [...nativeApis] },
    description: 'The APIs beside chat that it serves itself: such requests go to it as they are.',
  },
}

/** What a key may be in a settings file. */
export const keyParts: Record<string, Schema> = {
  name: { ...text, description: 'What logs call whoever uses it.' },
  hash: { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' },
  models: { ...texts, description: 'The models it may ask for; * stands for anything.' },
  requestsPerMinute: amount,
  tokensPerMinute: { ...amount, description: 'Prompt and answer together.' },
  maxConcurrency: { ...amount, description: 'How many answers at once.' },
  expires: { type: 'string', description: 'A date, such as 2027-01-31.' },
  disabled: { type: 'boolean' },
}

const objects: Partial<Record<SettingName, Schema>> = {
  upstream: { anyOf: [text, objectOf(upstreamParts, 'url')] },
  keys: { anyOf: [text, objectOf(keyParts, 'name', 'hash')] },
}

/** The JSON Schema of a settings file, for editors: what may stand there, and what it means. */
export function settingsSchema(): Schema {
  const help = Object.assign({}, ...Object.values(groups)) as Record<string, { text: string }>
  const properties = Object.entries(fields).map(([name, field]) => [
    name,
    { ...schemaOf(name as SettingName, field), description: help[name]?.text },
  ])
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Settings of sluice',
    ...objectOf({ $schema: { type: 'string' }, ...Object.fromEntries(properties) }),
  }
}

function schemaOf(name: SettingName, { kind, choices, default: value }: Field): Schema {
  const fallback = value === undefined || Array.isArray(value) ? {} : { default: value }
  if (kind === 'list') return { type: ['string', 'array'], items: objects[name] ?? text }
  if (kind === 'pairs') return { ...names, ...fallback }
  if (kind === 'choice') return { enum: choices, ...fallback }
  if (kind === 'number') return { type: 'integer', ...fallback }
  if (kind === 'time' || kind === 'size') return { type: ['number', 'string'], ...fallback }
  return { type: kind === 'boolean' ? 'boolean' : 'string', ...fallback }
}

function objectOf(properties: Record<string, Schema>, ...required: string[]): Schema {
  return { type: 'object', properties, required, additionalProperties: false }
}
