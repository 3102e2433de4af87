// One suite for every host: its tests know a base URL, a log and what a scripted upstream recorded.

import { describe } from 'vitest'
import { type HostName, needs } from '../support/hosts.ts'
import { backpressure } from './backpressure.ts'
import { blame } from './blame.ts'
import { bodies } from './bodies.ts'
import { cancel } from './cancel.ts'
import { chatClients } from './chat-clients.ts'
import { chatTool } from './chat-tool.ts'
import { check } from './check.ts'
import { clients } from './clients.ts'
import { codingAgents } from './coding-agents.ts'
import { completionClients } from './completion-clients.ts'
import { completions } from './completions.ts'
import { contract } from './contract.ts'
import { deadlines } from './deadlines.ts'
import { embeddings } from './embeddings.ts'
import { foreignHeaders } from './foreign-headers.ts'
import { keys } from './keys.ts'
import { limits } from './limits.ts'
import { messages } from './messages.ts'
import { messagesClients } from './messages-clients.ts'
import { nativeMessages } from './messages-native.ts'
import { models } from './models.ts'
import { origins } from './origins.ts'
import { pool } from './pool.ts'
import { queue } from './queue.ts'
import { recordings } from './recordings.ts'
import { refusals } from './refusals.ts'
import { relayed } from './relayed.ts'
import { requests } from './requests.ts'
import { responses } from './responses.ts'
import { responsesClients } from './responses-clients.ts'
import { nativeResponses } from './responses-native.ts'
import { routes } from './routes.ts'
import { settingsFile } from './settings-file.ts'
import { shutdown } from './shutdown.ts'
import { startup } from './startup.ts'
import { staticEngine } from './static.ts'
import { thinking } from './thinking.ts'
import { timing } from './timing.ts'
import { tls } from './tls.ts'
import { tools } from './tools.ts'
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
    'foreign headers': foreignHeaders,
    'coding agents': codingAgents,
  },
  apis: {
    static: staticEngine,
    responses,
    'responses of an upstream': nativeResponses,
    messages,
    'messages forwarded': nativeMessages,
    completions,
    embeddings,
    models,
  },
  clients: {
    clients,
    'chat clients': chatClients,
    'responses by SDKs': responsesClients,
    'messages by SDKs': messagesClients,
    'tools of agents': tools,
    'clients of completions': completionClients,
  },
  upstreams: {
    upstream,
    'tutorial servers': tutorialServers,
    refusals,
    relayed,
    pool,
    'whose fault': blame,
    queue,
  },
  contract: { contract, thinking },
  streams: {
    timing,
    deadlines,
    cancel,
    'back-pressure': backpressure,
    shutdown,
  },
  command: {
    startup,
    'settings file': settingsFile,
    tls,
    recordings,
    check,
    'chat tool': chatTool,
  },
} satisfies Record<string, Record<string, Suite>>

export type Topic = keyof typeof topics

/** What measures time in most of its tests, and what does not. */
export const timed: Topic[] = ['streams']
export const untimed = (Object.keys(topics) as Topic[]).filter((topic) => !timed.includes(topic))

/** What asks for a process in every test. */
const processes = ['settings file', 'tls', 'recordings', 'check', 'chat tool']

/** Declares the tests of the suite about some topics against one host. */
export function conformance(host: HostName, chosen: Topic[]): void {
  for (const topic of chosen) {
    for (const [name, suite] of Object.entries<Suite>(topics[topic])) {
      const needed = processes.includes(name) ? needs(host, 'process') : {}
      describe(name, needed, () => suite(host))
    }
  }
}
