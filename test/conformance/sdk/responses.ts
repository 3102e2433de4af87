import { describe } from 'vitest'
import { useRelay } from '../../support/relay.ts'
import type { HostName } from '../../support/server.ts'
import { useStage } from './requests.ts'
import { openaiAgent, openaiBackground } from './responses-agents.ts'
import { aiSdk, aiSdkAgent } from './responses-ai.ts'
import { langChain } from './responses-langchain.ts'
import { openaiSdk } from './responses-openai.ts'
import { STAGES } from './stages.ts'

/** Clients of the Responses API that people use, as they are. */
export function responsesClients(host: HostName): void {
  const relay = useStage(host, 'responses')
  const agent = useStage(host, 'responses of an agent')
  describe('the openai SDK', () => {
    openaiSdk(relay)
    openaiAgent(agent)
    // Its requests go by what it was told in time: they are no others' to repeat.
    describe('in the background', () => openaiBackground(useRelay(host, STAGES.responses)))
  })
  describe('the ai SDK', () => {
    aiSdk(relay)
    describe('in an agent', () => aiSdkAgent(agent))
  })
  describe('LangChain', () => langChain(relay, agent))
}
