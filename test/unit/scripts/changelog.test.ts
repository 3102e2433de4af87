import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { groupedChanges, readChange, withSection } from '../../../scripts/changelog.mjs'
import { root } from '../../../scripts/hosts.mjs'

const change = (id: string, bump: string, text: string) =>
  readChange(id, `---\n"@sluice/sluice": ${bump}\n---\n\n${text}\n`)

describe('the changes of a release', () => {
  it('are grouped by topic, in the order of the topics, with the fixes last', () => {
    const changes = [
      change('a', 'patch', 'A fix.'),
      change('b', 'minor', 'A limit.'),
      change('c', 'minor', 'A page.\n\nWith more of it.\n\n- and a list'),
      change('d', 'minor', 'Another page.'),
      change('e', 'minor', 'Something new.'),
      change('f', 'major', 'No more of that.'),
    ]
    expect(groupedChanges(changes, { Page: ['d', 'c'], Limits: ['b'], Unused: ['z'] })).toBe(
      `### Breaking changes

- No more of that.

### Page

- Another page.
- A page.

  With more of it.

  - and a list

### Limits

- A limit.

### More

- Something new.

### Fixes

- A fix.
`,
    )
  })

  it('say which changeset cannot be read', () => {
    expect(() => readChange('odd', 'No front matter')).toThrow(/^\.changeset\/odd\.md: expected/)
  })

  it('replace the section of their version, and no other', () => {
    const changelog = '# sluice\n\n## 2.0.0\n\n- b\n- a\n\n## 1.0.0\n\n- c\n'
    const replaced = withSection(changelog, '2.0.0', '### A\n\n- a\n')
    expect(replaced).toBe('# sluice\n\n## 2.0.0\n\n### A\n\n- a\n\n## 1.0.0\n\n- c\n')
    expect(() => withSection(changelog, '3.0.0', '')).toThrow(/expected a section 3\.0\.0/)
  })
})

it('no change has two topics', () => {
  const topics: Record<string, string[]> = JSON.parse(
    readFileSync(join(root, '.changeset/topics.json'), 'utf8'),
  )
  const ids = Object.values(topics).flat()
  expect(new Set(ids).size).toBe(ids.length)
})
