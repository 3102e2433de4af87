import { describe, expect, it } from 'vitest'
import { differences } from '../../../../src/cli/top/screen.ts'

describe('what is drawn', () => {
  it('is only the lines that have changed', () => {
    expect(differences(['a', 'b', 'c'], ['a', 'x', 'c'])).toBe('\u001b[2;1H\u001b[2Kx')
    expect(differences(['a', 'b'], ['a', 'b'])).toBe('')
  })

  it('is all of it at first, and erases lines that are gone', () => {
    expect(differences([], ['a', 'b'])).toBe('\u001b[1;1H\u001b[2Ka\u001b[2;1H\u001b[2Kb')
    expect(differences(['a', 'b'], ['a'])).toBe('\u001b[2;1H\u001b[2K')
  })
})
