import { expect, it } from 'vitest'
import { closestMatches } from '../../../src/util/closest-matches.ts'

it.each([
  ['prot', ['port', 'host', 'grace'], 'port'],
  ['llama32', ['llama3.2:latest', 'qwen3:8b'], 'llama3.2:latest'],
  ['LLAMA3.2', ['llama3.2:latest', 'qwen3:8b'], 'llama3.2:latest'],
  ['gpt-4', ['llama3.2:latest', 'qwen3:8b'], undefined],
  ['', ['a'], undefined],
  ['--', ['a'], undefined],
])('%s may mean %j: %s', (word, candidates, nearest) => {
  expect(closestMatches(word, candidates)[0]).toBe(nearest)
})

it('names three at most, the nearest first', () => {
  expect(closestMatches('qwen', ['qwen3', 'qwen2', 'qwan', 'qwen2.5', 'qwen3:8b'])).toHaveLength(3)
  expect(closestMatches('abcd', ['abzz', 'abcx'])).toEqual(['abcx', 'abzz'])
})

it('counts what differs, wherever that is', () => {
  expect(closestMatches('abcdefgh', ['xabcdefgh', 'abcdxefgh', 'abcdefg'])).toHaveLength(3)
  expect(closestMatches('abcdefghijkl', ['abcdefghXXXX', 'abcdefgXXXXX'])).toEqual(['abcdefghXXXX'])
  expect(closestMatches('abcdefghijkl', ['XXbcdefghijkl', 'bcdefghijklXX'])).toHaveLength(2)
})

it('compares a bounded number of candidates', () => {
  function* endless() {
    for (;;) yield 'another'
  }
  expect(closestMatches('anothr', endless())).toHaveLength(3)
})
