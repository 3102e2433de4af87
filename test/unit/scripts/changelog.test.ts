import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { groupedChanges, readChange, withSection } from '../../../scripts/changelog.mjs'
import { root } from '../../../scripts/hosts.mjs'
import { GUIDES, withTarball } from '../../../scripts/set-version.mjs'

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

const topics: Record<string, string[]> = JSON.parse(
  readFileSync(join(root, '.changeset/topics.json'), 'utf8'),
)

it('no change has two topics', () => {
  const ids = Object.values(topics).flat()
  expect(new Set(ids).size).toBe(ids.length)
})

// After a release there are none, until there are changes enough to need some.
it.skipIf(Object.keys(topics).length === 0)('every minor change has a topic', () => {
  const changes = readdirSync(join(root, '.changeset'))
    .filter((file) => file.endsWith('.md') && file !== 'README.md')
    .map((file) =>
      readChange(file.slice(0, -3), readFileSync(join(root, '.changeset', file), 'utf8')),
    )
  const minor = changes.filter(({ bump }) => bump === 'minor').map(({ id }) => id)
  const named = new Set(Object.values(topics).flat())
  const remedy = 'add these to a topic of .changeset/topics.json'
  expect(
    minor.filter((id) => !named.has(id)),
    remedy,
  ).toEqual([])
})

describe('the file that npm pack makes', () => {
  it('has the version of the package in every guide that names it', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const search = ['grep', '-lE', 'sluice-sluice-[0-9]', '--', ':!test']
    const guides = execFileSync('git', search, { cwd: root })
    // Others would keep the former version at a release.
    expect(String(guides).trimEnd().split('\n')).toEqual(GUIDES)
    for (const guide of GUIDES) {
      const text = readFileSync(join(root, guide), 'utf8')
      expect(withTarball(text, version), guide).toBe(text)
    }
  })

  it('gets another version, a prerelease too', () => {
    const text =
      'npm install ./sluice-sluice-0.1.0.tgz # sluice 0.1.0\n`sluice-sluice-1.2.3-beta.4.tgz`'
    expect(withTarball(text, '10.0.0')).toBe(
      'npm install ./sluice-sluice-10.0.0.tgz # sluice 0.1.0\n`sluice-sluice-10.0.0.tgz`',
    )
  })
})
