// Part of `npm run release:version`: changesets writes the changes of a release in the order of their
// files' names, and this groups them by the topics of .changeset/topics.json, in the order of that file.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @typedef {{ id: string, bump: string, text: string }} Change */
/** @typedef {Record<string, string[]>} Topics the ids of changes, by topic */

const BREAKING = 'Breaking changes'
const OTHERS = 'More'
const FIXES = 'Fixes'

/** Reads a changeset, whose id is its file's name. @param {string} id @param {string} source @returns {Change} */
export function readChange(id, source) {
  const [, bump = '', text = ''] =
    /^---\n.*?: *["']?(major|minor|patch)["']?\n---\n(.*)$/s.exec(source) ?? []
  if (bump === '') {
    throw new Error(
      `.changeset/${id}.md: expected a package and major, minor or patch between two lines ---; see npx changeset.`,
    )
  }
  return { id, bump, text: text.trim() }
}

/**
 * The changes as Markdown, a heading for each topic.
 * @param {readonly Change[]} changes @param {Topics} topics
 */
export function groupedChanges(changes, topics) {
  const named = Object.entries(topics)
  /** @param {Change} change */
  const topicOf = ({ id, bump }) => {
    if (bump === 'major') return BREAKING
    if (bump === 'patch') return FIXES
    return named.find(([, ids]) => ids.includes(id))?.[0] ?? OTHERS
  }
  const order = named.flatMap(([, ids]) => ids)
  const sorted = changes.toSorted((a, b) => order.indexOf(a.id) - order.indexOf(b.id))
  const sections = [BREAKING, ...Object.keys(topics), OTHERS, FIXES].map((topic) => {
    const found = sorted.filter((change) => topicOf(change) === topic)
    return found.length > 0 ? `### ${topic}\n\n${found.map(listItem).join('\n')}\n` : ''
  })
  return sections.filter(Boolean).join('\n')
}

/** @param {Change} change */
function listItem({ text }) {
  return `- ${text.replaceAll('\n', '\n  ').replaceAll(/^ +$/gm, '')}`
}

/**
 * The changelog with other text in the section of a version.
 * @param {string} changelog @param {string} version @param {string} content
 */
export function withSection(changelog, version, content) {
  const heading = `\n## ${version}\n`
  const start = changelog.indexOf(heading)
  if (start === -1) {
    throw new Error(
      `CHANGELOG.md: expected a section ${version}, found none; run changeset version first.`,
    )
  }
  const from = start + heading.length
  const next = changelog.indexOf('\n## ', from)
  return `${changelog.slice(0, from)}\n${content}${next === -1 ? '' : changelog.slice(next)}`
}

/** The changesets of the last commit that `changeset version` has deleted. */
function releasedChanges() {
  const git = (/** @type {string[]} */ ...args) => execFileSync('git', args, { encoding: 'utf8' })
  return git('ls-tree', '--name-only', 'HEAD', '.changeset/')
    .split('\n')
    .filter((path) => path.endsWith('.md') && !existsSync(path))
    .map((path) => readChange(path.slice('.changeset/'.length, -3), git('show', `HEAD:${path}`)))
}

if (resolve(process.argv[1] ?? '') === fileURLToPath(import.meta.url)) {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  const changes = releasedChanges()
  if (changes.length > 0) {
    const content = groupedChanges(
      changes,
      JSON.parse(readFileSync('.changeset/topics.json', 'utf8')),
    )
    const changelog = readFileSync('CHANGELOG.md', 'utf8')
    writeFileSync('CHANGELOG.md', withSection(changelog, version, content))
    // The next release has topics of its own.
    writeFileSync('.changeset/topics.json', '{}\n')
  }
}
