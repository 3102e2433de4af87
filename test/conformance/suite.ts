// One suite for every host: its tests know a base URL, a log and what a scripted upstream recorded.

import { describe } from 'vitest'
import { type Capability, type HostName, needs } from '../support/hosts.ts'
import { activity } from './activity.ts'
import { activityAccess } from './activity-access.ts'
import { activityReaders } from './activity-readers.ts'
import { affinity } from './affinity.ts'
import { backpressure } from './backpressure.ts'
import { blame } from './blame.ts'
import { bodies } from './bodies.ts'
import { cancel } from './cancel.ts'
import { captures } from './captures.ts'
import { captureClients } from './captures-clients.ts'
import { chatTool } from './chat-tool.ts'
import { check } from './check.ts'
import { codingAgents } from './coding-agents.ts'
import { completions } from './completions.ts'
import { contextSizes } from './context-sizes.ts'
import { contract } from './contract.ts'
import { curl } from './curl.ts'
import { deadlines } from './deadlines.ts'
import { doctor } from './doctor.ts'
import { embeddings } from './embeddings.ts'
import { errorDocs } from './error-docs.ts'
import { foreignHeaders } from './foreign-headers.ts'
import { hangUps } from './hang-ups.ts'
import { unreadBodies } from './hang-ups-unread.ts'
import { hostileValues } from './hostile-values.ts'
import { keys } from './keys.ts'
import { limits } from './limits.ts'
import { managed } from './managed.ts'
import { managers } from './managers.ts'
import { messages } from './messages.ts'
import { nativeMessages } from './messages-native.ts'
import { metrics } from './metrics.ts'
import { countedStreams } from './metrics-counting.ts'
import { models } from './models.ts'
import { names } from './names.ts'
import { ollamaChat } from './ollama-chat.ts'
import { nativeOllama } from './ollama-chat-native.ts'
import { ollamaModels } from './ollama-models.ts'
import { ollamaCompat } from './ollama-models-compat.ts'
import { origins } from './origins.ts'
import { passThrough } from './pass-through.ts'
import { passThroughAccess } from './pass-through-access.ts'
import { passThroughEnds } from './pass-through-ends.ts'
import { passThroughOllama } from './pass-through-ollama.ts'
import { pool } from './pool.ts'
import { queue } from './queue.ts'
import { recordings } from './recordings.ts'
import { refusalLogs } from './refusal-logs.ts'
import { refusals } from './refusals.ts'
import { relayed } from './relayed.ts'
import { reload } from './reload.ts'
import { requests } from './requests.ts'
import { responses } from './responses.ts'
import { responsesCompact } from './responses-compact.ts'
import { nativeResponses } from './responses-native.ts'
import { roles } from './roles.ts'
import { routes } from './routes.ts'
import { chatClients } from './sdk/chat.ts'
import { clients } from './sdk/chat-basics.ts'
import { completionClients } from './sdk/completions.ts'
import { messagesClients } from './sdk/messages.ts'
import { ollamaClient } from './sdk/ollama.ts'
import { responsesClients } from './sdk/responses.ts'
import { sameAnswers } from './sdk/same-answers.ts'
import { sentOnce, staleConnections } from './sent-once.ts'
import { settingsFile } from './settings-file.ts'
import { several } from './several.ts'
import { shutdown } from './shutdown.ts'
import { startup } from './startup.ts'
import { staticEngine } from './static.ts'
import { streams } from './streams.ts'
import { tabs } from './tabs.ts'
import { tabsAttacks } from './tabs-attacks.ts'
import { tenants } from './tenants.ts'
import { thinking } from './thinking.ts'
import { timing } from './timing.ts'
import { tls } from './tls.ts'
import { tools } from './tools.ts'
import { traces } from './traces.ts'
import { tutorialServers } from './tutorials.ts'
import { upstream } from './upstream.ts'

type Suite = (host: HostName) => void

/** Every suite, by what it is about. */
const topics = {
  requests: {
    routes,
    requests,
    bodies,
    limits,
    origins,
    keys,
    'who may see what': roles,
    'one client against others': tenants,
    'foreign headers': foreignHeaders,
    'hostile values': hostileValues,
    'names of fields': names,
    'coding agents': codingAgents,
    'log lines of refusals': refusalLogs,
    'what errors mean': errorDocs,
  },
  apis: {
    static: staticEngine,
    responses,
    'responses of an upstream': nativeResponses,
    'responses counted and compacted': responsesCompact,
    messages,
    'messages forwarded': nativeMessages,
    "Ollama's chats": ollamaChat,
    "Ollama's chats forwarded": nativeOllama,
    completions,
    embeddings,
    models,
    'forwarded APIs': passThrough,
    'who may have what forwarded': passThroughAccess,
    'forwarded management of Ollama': passThroughOllama,
    'the sizes of contexts': contextSizes,
    'models in Ollama’s API': ollamaModels,
    'curl -N': curl,
    'tools of agents': tools,
  },
  clients: {
    clients,
    'chat clients': chatClients,
    'responses by SDKs': responsesClients,
    'messages by SDKs': messagesClients,
    'clients of completions': completionClients,
    "Ollama's client": ollamaClient,
    'captures of SDKs': captureClients,
  },
  upstreams: {
    upstream,
    'tutorial servers': tutorialServers,
    refusals,
    relayed,
    'streams that can be resumed': streams,
    pool,
    affinity,
    'whose fault': blame,
    'sent once': sentOnce,
    'sent once more after a stale connection': staleConnections,
    queue,
    'forwarded answers that end early': passThroughEnds,
    'servers that load models': managers,
    'a browser tab': tabs,
    'attacks on browser tabs': tabsAttacks,
  },
  telemetry: { metrics, 'a counting client': countedStreams, traces },
  contract: { contract, thinking },
  endings: {
    deadlines,
    cancel,
    'hang-ups': hangUps,
    'answered before the body': unreadBodies,
    shutdown,
  },
  watching: {
    activity,
    'who sees which activity': activityAccess,
    'readers of activity': activityReaders,
  },
  pace: { timing, 'back-pressure': backpressure },
  command: {
    startup,
    'in Ollama’s place': ollamaCompat,
    'settings file': settingsFile,
    'a reload keeps': reload,
    tls,
    recordings,
    captures,
    check,
    doctor,
    'chat tool': chatTool,
    'a managed server': managed,
    'several processes': several,
  },
} satisfies Record<string, Record<string, Suite>>

export type Topic = keyof typeof topics

type SuiteName = { [T in Topic]: keyof (typeof topics)[T] }[Topic]

/**
 * Suites about code that no host has a part in, with the hosts that run them nevertheless besides Bun,
 * because something is different there: Deno has spans of its own, on workerd no request can wake
 * another one, and the tools of workerd are those of Node. Together with Bun the suites in process
 * have both engines of JavaScript. What a host can break is in all other suites: its server and
 * sockets, its client for HTTP, its body writer, its process, and the answers to the SDKs' requests.
 */
const shared: Partial<Record<SuiteName, HostName[]>> = {
  keys: [],
  'one client against others': [],
  'hostile values': [],
  'coding agents': [],
  'log lines of refusals': [],
  responses: ['workerd'],
  'responses of an upstream': [],
  'responses counted and compacted': [],
  messages: [],
  'messages forwarded': [],
  "Ollama's chats": [],
  "Ollama's chats forwarded": [],
  completions: [],
  embeddings: [],
  models: [],
  'who may have what forwarded': [],
  'forwarded management of Ollama': [],
  'the sizes of contexts': [],
  'models in Ollama’s API': [],
  'tools of agents': [],
  'tutorial servers': [],
  refusals: [],
  pool: ['workerd'],
  affinity: [],
  'whose fault': [],
  queue: ['workerd'],
  'servers that load models': ['workerd'],
  metrics: ['workerd'],
  'a counting client': [],
  traces: ['deno', 'workerd'],
  thinking: [],
  activity: ['workerd'],
  'who sees which activity': [],
  captures: ['workerd'],
  check: ['deno', 'node'],
  doctor: ['deno', 'node'],
  'chat tool': ['deno', 'node'],
}

/**
 * Whether a host runs all suites, and the SDKs: on the others the SDKs' recorded requests are sent, and
 * the answers compared, which is quicker. `npm run test:all` runs everything everywhere.
 */
const runsAll = (host: HostName) =>
  host === 'in-process' || host === 'bun' || process.env.SLUICE_TEST_HOSTS === 'whole'

/** What measures time in most of its tests. */
export const timed: Topic[] = ['endings', 'pace']

/** What people do who run a server: commands, settings, watching. It runs beside the rest. */
export const operating: Topic[] = ['telemetry', 'watching', 'command']

export const answering = (Object.keys(topics) as Topic[]).filter((topic) => {
  return !timed.includes(topic) && !operating.includes(topic)
})

/** What suites need in each of their tests. */
const needed: Record<string, Capability[]> = {
  'curl -N': ['sockets'],
  'settings file': ['process'],
  'a reload keeps': ['process'],
  tls: ['process'],
  recordings: ['process'],
  check: ['process'],
  'chat tool': ['process'],
  'a managed server': ['programs'],
  'several processes': ['process', 'draining'],
}

/** Declares the tests of the suite about some topics against one host. */
export function conformance(host: HostName, chosen: Topic[]): void {
  for (const topic of chosen) {
    if (topic === 'clients' && !runsAll(host)) {
      describe('the requests of SDKs', () => sameAnswers(host))
      continue
    }
    for (const [name, suite] of Object.entries<Suite>(topics[topic])) {
      const { [name as SuiteName]: only } = shared
      if (only && !only.includes(host) && !runsAll(host)) continue
      describe(name, needs(host, ...(needed[name] ?? [])), () => suite(host))
    }
  }
}
