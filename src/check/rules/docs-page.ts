import type { Rule, Section } from './rule.ts'
import { rules } from './rules.ts'

const SECTIONS: Record<Section, string> = {
  headers: 'Response headers',
  framing: 'The event-stream format',
  arrival: 'Arrival of events',
  schema: 'The form of chunks and events',
  contract: 'Content of chunks, and the end of a stream',
  tools: 'Tool calls',
  structured: 'Structured output',
  whole: 'Answers without streaming',
  errors: 'Errors',
  cancelling: 'Clients that disconnect',
  cors: 'Browsers',
}

/** The rules as the Markdown page docs/rules.md. */
export function rulesPage(): string {
  const all: [string, Rule][] = Object.entries(rules)
  const parts = Object.entries(SECTIONS).map(([section, title]) => {
    const own = all.filter(([, rule]) => rule.section === section)
    return [`## ${title}`, ...own.map(describe)].join('\n\n')
  })
  return `${[INTRODUCTION, ...parts].join('\n\n')}\n`
}

function describe([name, { severity, dialects, requirement, affected, repair }]: [
  string,
  Rule,
]): string {
  const where = dialects === undefined ? '' : ` (${dialects.join(', ')})`
  return `### ${name}\n\n**${severity}${where}.** ${requirement}\n\n- Affected clients: ${affected}\n- How to repair it: ${repair}`
}

const INTRODUCTION = `# The rules of \`sluice check\`

<!-- Written by scripts/rules.mjs from src/check/rules: change it there. -->

\`sluice check URL\` sends a few small requests to a server with the OpenAI API and checks the answers against these rules. The names of the rules are stable.

It checks chat completions, or the API that the URL names. \`--dialect completions\`, \`responses\` or \`messages\` checks another API, and \`--dialect all\` checks all four. What a server does not support, and what can’t be checked because its stream is broken, is shown with a “–” and not counted. A rule that applies to some of these APIs only names them.

An **error** makes clients fail or lose content. A **warning** makes some clients fail, or a proxy between server and client. A **hint** is a possible improvement: no client is known to fail. The exit code is 1 if there is an error, with \`--strict\` also if there is a warning or a hint.`
