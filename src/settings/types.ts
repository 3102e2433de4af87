import type { FinishReasonSetting } from '../wire/contract/finish-reason.ts'
import type { EngineSetting } from './engines.ts'
import type { Key, KeyInput } from './keys.ts'
import type { Names } from './names.ts'
import type { ReasoningSetting, SystemMessages, ThinkTags } from './thinking.ts'
import type { ResolvedUpstream, UpstreamInput } from './upstreams.ts'

/** Everything that can be set, checked and complete. Times are milliseconds. */
export interface Settings {
  /** 0 lets the system choose. */
  port: number
  host: string
  /** Host names, besides loopback ones, that requests may be addressed to. */
  allowHost: string[]
  /** Origins of pages elsewhere that may ask: exact, or with `*` in the host. */
  allowOrigin: string[]
  /** Who may ask; without keys only this machine may. */
  keys: Key[]
  /** Serves anyone who can reach it, without a key. */
  insecure: boolean
  /** A PEM file with the certificate to serve over https by, its chain included, … */
  tlsCert?: string
  /** … and one with its key. */
  tlsKey?: string
  upstream: ResolvedUpstream[]
  /** What a `[DONE]` without a finish reason is, where the upstream does not say. */
  finishReason: FinishReasonSetting
  /** @deprecated Labels or URLs of upstreams: what `finishReason: "optional"` says of each. */
  lenient: string[]
  /** Whether to look for well-known servers on this machine. */
  discover: boolean
  /** How many requests an upstream is given at once, where it does not say; any number by default. */
  maxConcurrency?: number
  /** How many requests may wait for an engine that has as many as it takes. */
  queue: number
  /** Models by other names: `{ "gpt-4o": "qwen3:8b" }`. */
  alias: Names
  /** The model that is asked instead where a request is too long for another. */
  contextFallback: Names
  /** Whether the only upstream that serves a model is asked once more after it failed. */
  retry: boolean
  /** The model of a request that names none. */
  model?: string
  /** Engines that the host makes of files: `replay:FILE`. */
  engine: EngineSetting[]
  /** Whether models run on this computer's GPU through WebGPU. Only Deno can. */
  webgpu: boolean
  /** A JSON file or URL with models of one's own, in the form of web-llm's `model_list`. */
  webgpuModels?: string
  /** The most memory a model may need, in bytes. */
  webgpuMemory?: number
  /** How many requests may wait for the GPU. */
  webgpuQueue: number
  /** How long the GPU rests before its memory is freed; it never is by default. */
  webgpuIdle?: number
  staticText: string
  /** Between two words. */
  staticDelay: number
  /** The one name reasoning is sent by; `keep` leaves it as the upstream has it. */
  reasoning: ReasoningSetting
  /** What is done with the thinking that models write into their answers. */
  thinkTags: ThinkTags
  /** What is done with system messages on their way to an upstream that is asked for a chat. */
  systemMessages: SystemMessages
  /** How long a stream's headers wait for the first chunk, so that an early failure has its status. */
  headerWait: number
  /** How long a line stays quiet before a heartbeat. */
  heartbeat: number
  /** The longest an engine may take to answer: loading, queueing. */
  answerTimeout: number
  /** How long one of several engines may send nothing before another is asked. */
  attemptTimeout: number
  /** The longest from an engine's answer to its first token. */
  firstTokenTimeout: number
  /** The longest pause between two tokens. */
  tokenTimeout: number
  /** The longest a client may read nothing. */
  clientTimeout: number
  /** How long running streams may go on when the server is stopped. */
  grace: number
  /** The largest request body, in bytes. */
  maxBody: number
  /** The most messages, prompts or inputs of one request. */
  maxMessages: number
  /** The most tools of one request. */
  maxTools: number
  /** The longest a client may take to send a request's body. */
  bodyTimeout: number
  log: 'auto' | 'text' | 'json' | 'none'
}

/** Settings as code gives them. JSON, flags and the environment may give each as text too. */
export interface SettingsInput extends Partial<Omit<Settings, 'upstream' | 'keys' | 'engine'>> {
  keys?: string | readonly (string | KeyInput | Key)[]
  upstream?: string | readonly (string | UpstreamInput)[]
  engine?: string | readonly (string | EngineSetting)[]
  /** Keys of the upstreams, in the same order; an empty one is none. */
  upstreamKey?: string | readonly string[]
  /** @deprecated The former name of `maxConcurrency`. */
  streams?: number
  /** @deprecated The former name of `contextFallback`. */
  larger?: Names
}

export type SettingName = Exclude<keyof SettingsInput, 'streams' | 'larger'>
