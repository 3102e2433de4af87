import { describe } from 'vitest'
import type { HostName } from '../../support/server.ts'
import { agents } from './messages-agents.ts'
import { aiSdk } from './messages-ai.ts'
import { anthropicSdk } from './messages-anthropic.ts'
import { useStage } from './requests.ts'

/** Anthropic's Messages API, told from chats, as its clients see it. */
export function messagesClients(host: HostName): void {
  const relay = useStage(host, 'messages')
  describe('the anthropic SDK', () => anthropicSdk(relay))
  describe('an agent', () => agents(host))
  describe('the ai SDK', () => aiSdk(relay))
}
