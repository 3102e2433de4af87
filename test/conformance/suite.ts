// One suite for every host: its tests know a base URL, a log and what a scripted upstream recorded.

import { describe } from 'vitest'
import type { HostName } from '../support/server.ts'
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

const suites: Record<string, (host: HostName) => void> = {
  static: staticEngine,
  routes,
  requests,
  bodies,
  clients,
  'chat clients': chatClients,
  responses,
  'responses by SDKs': responsesClients,
  'responses of an upstream': nativeResponses,
  messages,
  'messages by SDKs': messagesClients,
  'messages forwarded': nativeMessages,
  'tools of agents': tools,
  'coding agents': codingAgents,
  completions,
  'clients of completions': completionClients,
  embeddings,
  'foreign headers': foreignHeaders,
  startup,
  upstream,
  'tutorial servers': tutorialServers,
  refusals,
  models,
  relayed,
  pool,
  'whose fault': blame,
  queue,
  contract,
  thinking,
  timing,
  deadlines,
  cancel,
  'back-pressure': backpressure,
  shutdown,
  origins,
  keys,
  limits,
  'settings file': settingsFile,
  tls,
  recordings,
  check,
  'chat tool': chatTool,
}

/** Declares every test of the suite against one host. */
export function conformance(host: HostName): void {
  for (const [name, suite] of Object.entries(suites)) {
    describe(name, () => suite(host))
  }
}
