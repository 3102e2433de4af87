import { describe, expect, it } from 'vitest'
import { runAgents, type Scenario } from '../../../../bench/agents.ts'

const share = async (scenario: Partial<Scenario>) => {
  const shape = { agents: 4, slots: 4, turns: 6, seed: 1, scale: 200 }
  const { cachedShare } = await runAgents({ affinity: 'auto', ...shape, ...scenario })
  return cachedShare
}

/** The same agents and servers as in bench/measure/affinity.ts. */
describe('the share of prompt tokens that two servers find in their caches', () => {
  it('is that of one server, where each keeps its conversations', async () => {
    const least = 0.7
    for (const agents of [1, 2, 4, 8]) expect(await share({ agents })).toBeGreaterThan(least)
    for (const agents of [1, 2]) {
      expect(await share({ agents, slots: 1, maxConcurrency: 1 })).toBeGreaterThan(least)
    }
  }, 60_000)

  it('is higher than without, also where a server fails and where all are busy', async () => {
    const scenarios: Partial<Scenario>[] = [
      { agents: 8 },
      { agents: 8, turns: 9, failsOver: true },
      { agents: 8, slots: 2, maxConcurrency: 2, kept: 8 },
    ]
    for (const scenario of scenarios) {
      const [kept, lost] = [await share(scenario), await share({ ...scenario, affinity: 'off' })]
      expect(kept, JSON.stringify(scenario)).toBeGreaterThan(lost + 0.03)
    }
  }, 60_000)
})
